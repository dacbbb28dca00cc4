"""`verify-module`: run a module's self-test like a step, in its sandbox, free of charge.

The test runs in a temporary directory."""
import argparse
import sys
from collections.abc import Iterator

from platform.commands.common import add_json, add_places, open_run, show
from platform.commands.trials import as_json, printed, said, seconds, usable_contracts
from platform.errors import UsageError
from platform.model.characters import one_line
from platform.model.contract import Contract
from platform.model.words import counted
from platform.verify.module import verify_module
from platform.verify.trial import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("module", nargs="?", default="", metavar="MODULE",
                        help="this module only (default: all)")
    parser.add_argument("--module-id", default="", metavar="ID", help="the same as MODULE")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: every self-test passes. A module without its Python package is skipped if none was named,
      because an installation without an extra is complete.
    * 1: a self-test fails.
    * 10: a contract has errors, or the named module's package is missing."""
    run = open_run(arguments)
    named = {name for name in (getattr(arguments, "module", ""), arguments.module_id) if name}
    if len(named) > 1:
        raise UsageError(
            f"{' and '.join(sorted(named))} are two modules; name one, or none for all")
    names = sorted(named or run.snapshot.repo.module_ids)
    trials = []
    for contract in usable_contracts(run, names, may_lack=not named):
        trials.append(verify_module(run, contract))
        if not arguments.json:
            sys.stdout.write("\n".join(_lines(trials[-1], contract)) + "\n")
            sys.stdout.flush()
    failed = sum(bool(trial.problem) for trial in trials)
    if arguments.json:
        show(arguments, {"modules": [
            {**as_json(trial), "passed": not (trial.problem or trial.lacks),
             "skipped": trial.lacks, "problem": trial.problem}
            for trial in trials]}, "")
    elif len(trials) > 1:
        skipped = sum(bool(trial.lacks) for trial in trials)
        sys.stdout.write(f"{counted(len(trials), 'module')}: "
                         f"{len(trials) - failed - skipped} passed"
                         + (f", {skipped} skipped" if skipped else "")
                         + (f", {failed} FAILED\n" if failed else "\n"))
    return 1 if failed else 0


def _lines(trial: Trial, contract: Contract) -> Iterator[str]:
    why = trial.problem or trial.lacks
    problem = f"  {one_line(why)}" if why else ""
    verdict = "FAILED" if trial.problem else "skipped" if trial.lacks else "passed"
    yield f"{verdict}  {trial.module_id}{seconds(trial)}{problem}"
    yield from said(trial, contract)
    width = max((len(output.output_id) for output in trial.outputs), default=0)
    for output in trial.outputs:
        yield f"  {output.output_id:<{width}}  {output.path}  {counted(output.bytes, 'byte')}"
    yield from printed(trial)
