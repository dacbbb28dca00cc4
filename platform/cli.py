"""`python -m platform.cli`: the table of commands. Errors become exit statuses here and nowhere
else."""
import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from platform import called, lacking, streams, toolfiles
from platform.commands.parser import Parser
from platform.errors import INTERRUPTED_STATUS, PlatformError, StorageError, unusable
from platform.model.characters import printable

# name -> (module in platform.commands, purpose)
COMMANDS = {
    "orchestrator": (
        "orchestrator",
        "run every enabled work order: charge, run, package, deliver, settle",
    ),
    "consistency-validate": ("consistency", "check everything that people write in the repository"),
    "integrity-validate": (
        "integrity",
        "check that the ledger, the run records and the outputs on disk agree",
    ),
    "delivery": ("delivery", "settle a delivery that may have arrived and waits for a decision"),
    "ledger": ("ledger", "verify, export, audit, sign and prove the journal of credits"),
    "state": ("state", "init, hydrate, publish or verify the billing state in a release"),
    "quote": ("quote", "print what the next run would do and charge, by order and step"),
    "why": (
        "why",
        "explain why a task would run or be charged, or why not, and what a credit was for",
    ),
    "status": ("status", "print orders and steps: state, reason, credits, outputs, logs"),
    "log": ("log", "print the log of a step, of its last run or an earlier one, or as it grows"),
    "runs": ("runs", "list past runs: what failed last night, and why"),
    "cancel": (
        "cancel",
        "stop a running step or order, and refund what was charged and not done",
    ),
    "rerun": (
        "rerun",
        "run again what failed last or in a past run, or what is named and not done",
    ),
    "deliveries": ("deliveries", "print where each package is, the newest first"),
    "graph": ("graph", "draw orders as a graph with states and prices: text, mermaid, dot or svg"),
    "statement": ("statement", "print a tenant's account: every post in words, with its proof"),
    "admin-topup": ("topup", "post a TOPUP for a tenant"),
    "admin-adjust": (
        "adjust",
        "correct a tenant's credits: a signed ADJUSTMENT that names what it corrects",
    ),
    "admin-transfer": ("transfer", "move credits from one tenant to another, in one post"),
    "reconcile-payments": ("payments", "post confirmed payments that are not in the ledger yet"),
    "verify-module": ("module", "run a module's self-test in its sandbox"),
    "run-module": (
        "run_module",
        "run a module with its author's own inputs, in the sandbox of a step, free of charge",
    ),
    "catalogue": (
        "catalogue",
        "list the modules: what they do, their ports, today's prices, and where they are",
    ),
    "migrate": (
        "migrate",
        "report what each field of an earlier module contract becomes; --write changes it",
    ),
    "artifacts": (
        "artifacts",
        "list or fetch a tenant's published packages, for those who may read them",
    ),
    "verify-artifact": (
        "verify_artifact",
        "check a published package against its statement, offline",
    ),
    "maintenance": (
        "maintenance",
        "write the derived files: maintenance-state/, choices in workflows; or --check",
    ),
    "cache-prune": (
        "cache_prune",
        "delete expired cached results, here and in GitHub's Actions cache",
    ),
    "doctor": (
        "doctor",
        "report what this machine provides, what each absence means, and what to do",
    ),
    "new": ("new", "write a tenant, a work order or a module that is valid as written"),
    "init": (
        "init",
        "write a workspace: configuration, an example if asked for, workflows, a README",
    ),
    "upgrade": (
        "upgrade",
        "bring the files up to date that the tool wrote into a workspace; or --check",
    ),
    "explain": ("explain", "explain the code of a problem: cause, remedy, example"),
    "completion": ("completion", "print a script that completes these commands in bash or zsh"),
    "publish": ("publish", "publish purchased packages and their statements to the release store"),
    "workflow-matrix": (
        "matrix",
        "print the jobs of a workflow, one for each tenant or for one order",
    ),
    "runtime-print": ("runtime", "print the runtime profile in force, every default filled in"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)

    def command() -> int:
        arguments = _parser(words).parse_args(words)
        return int(arguments.run(arguments) or 0)

    return guarded(command)


def script(purpose: str, add_arguments: Callable[[argparse.ArgumentParser], None],
           run: Callable[[argparse.Namespace], int]) -> int:
    """A file of scripts/ as one command: its options, its work, and its errors as exit statuses."""
    parser = Parser(description=purpose)
    add_arguments(parser)
    return guarded(lambda: run(parser.parse_args()))


def guarded(action: Callable[[], int]) -> int:
    """Run an action and return its exit status. A mistake of the user is one line, never a
    traceback."""
    streams.guard()
    try:
        return action()
    except PlatformError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return error.exit_status
    except ModuleNotFoundError as error:
        if not (line := lacking.lacking(error)):
            raise
        sys.stderr.write(f"{line}\n")
        return 2
    except OSError as error:
        if not (line := unusable(error)):
            raise
        sys.stderr.write(f"{printable(line)}\n")
        return StorageError.exit_status
    except KeyboardInterrupt:
        sys.stderr.write(f"{lacking.INTERRUPTED_LINE}\n")
        return INTERRUPTED_STATUS


def full_parser() -> Parser:
    """The parser of all commands, for the documentation."""
    return _parser(COMMANDS)


def _parser(wanted: Collection[str]) -> Parser:
    """A parser that imports the wanted commands and only names the others. Its default `whole`
    makes the full one."""
    parser = Parser(prog=called.program(), description="A build graph that bills.")
    parser.add_argument("-C", dest="workspace", default="", metavar="DIR",
                        help="the workspace (default: PLATFORM_ROOT, else the working directory or "
                             "its nearest parent that is one)")
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    parser.set_defaults(whole=partial(_parser, COMMANDS))
    for name, (module, purpose) in COMMANDS.items():
        command = parser.add_command(name, purpose)
        if name in wanted:
            found = import_module(f"platform.commands.{module}")
            found.add_arguments(command)
            command.set_defaults(run=found.run)
    return parser


class _Version(argparse.Action):
    """Prints the version, which is read only if it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f"platform {toolfiles.version()}\n")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
