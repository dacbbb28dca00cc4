"""Functions that several commands use: find the repository, add common options, print results."""
import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform.app.place import find_workspace
from platform.app.run import Asked, Run
from platform.app.scope import scope_of
from platform.app.snapshot import Scope
from platform.app.workspace import Options, Workspace
from platform.config.folders import hidden
from platform.errors import InputError, StaleError, UsageError
from platform.model.characters import one_line, printable
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder
from platform.model.since import FORMS, moment
from platform.streams import neutral_json


def add_places(parser: argparse.ArgumentParser) -> None:
    """The options of every command that uses state: the profile and the directories."""
    parser.add_argument("--runtime-profile", default=Options().runtime_profile, metavar="FILE",
                        help="the runtime profile (default: %(default)s)")
    parser.add_argument("--billing-state-dir", default="", metavar="DIR",
                        help="the directory of the ledger (default: the profile's)")
    parser.add_argument("--runtime-dir", default="", metavar="DIR",
                        help="the directory of outputs and run records (default: the profile's)")


def add_order(parser: argparse.ArgumentParser) -> None:
    """The options that select one tenant, or one of its orders."""
    parser.add_argument("--tenant-id", default="", metavar="ID", help="this tenant only")
    parser.add_argument(
        "--work-order-id", default="", metavar="ID", help="this order only; needs --tenant-id"
    )


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """The options that allow a run to do work that otherwise waits for a decision."""
    parser.add_argument("--retry-failed", action="store_true",
                        help="also charge and run again every step that failed twice in the same "
                             "way, or that a decision refunded")
    parser.add_argument("--resend-repaired", action="store_true",
                        help="repeat deliveries whose package a repair changed")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_since(parser: argparse.ArgumentParser, purpose: str) -> None:
    """The option that names a moment in the past; `since_moment` reads it."""
    parser.add_argument("--since", default="", metavar="TIME", help=f"{purpose}: {FORMS}, in UTC")


def since_moment(text: str) -> datetime:
    """The moment that --since names, in UTC. UsageError for a text that names none."""
    try:
        return moment(text, datetime.now(UTC))
    except ValueError as error:
        raise UsageError(f"--since {one_line(text)!r} is not a time; write {FORMS}") from error


def root(arguments: argparse.Namespace) -> Path:
    """The workspace of a command line: `-C DIR`, PLATFORM_ROOT, or found upward from here."""
    return find_workspace(getattr(arguments, "workspace", ""), os.environ, Path.cwd())


def options(arguments: argparse.Namespace) -> Options:
    """The options that `add_places` parsed. UsageError if the profile does not exist."""
    if not Path(root(arguments) / arguments.runtime_profile).is_file():
        raise UsageError(f"{arguments.runtime_profile}: the runtime profile does not exist; see "
                         "config/")
    return Options(arguments.runtime_profile, arguments.billing_state_dir, arguments.runtime_dir)


def open_workspace(arguments: argparse.Namespace) -> Workspace:
    """The workspace of the working directory and the options of `add_places`."""
    return Workspace.open(root(arguments), options(arguments))


def open_run(arguments: argparse.Namespace, scope: Scope | None = None) -> Run:
    """A run for a command that reads, or that posts without running tasks. `scope` None: all
    orders."""
    return Run.looking(open_workspace(arguments), Asked(scope))


def open_scope(arguments: argparse.Namespace, *, past: bool = False) -> Run:
    """A run of the orders that `add_order` parsed. `past` has the meaning that it has in
    `scope_of`."""
    workspace = open_workspace(arguments)
    return Run.looking(
        workspace,
        Asked(scope_of(workspace, arguments.tenant_id, arguments.work_order_id, past=past)),
    )


def one_order(arguments: argparse.Namespace) -> tuple[Run, PlannedOrder]:
    """A run and the order that --tenant-id and --work-order-id name. UsageError if the plan does
    not contain the order."""
    order_id = OrderId(arguments.tenant_id, arguments.work_order_id)
    run = open_run(arguments, frozenset({order_id}))
    if order_id not in run.snapshot.plan.orders:
        raise UsageError(
            f"{order_id}: not an enabled work order without errors; see `consistency-validate`"
        )
    return run, run.snapshot.plan.orders[order_id]


UNSEEN = "no work order can be read; fix the reported errors first"


def report_hidden(arguments: argparse.Namespace, tenant_id: str = "") -> bool:
    """Print the symbolic links that hide work orders, of all tenants or of one. Return whether
    there are any."""
    wrong = hidden(root(arguments), tenant_id)
    sys.stderr.write("".join(f"{printable(str(problem))}\n" for problem in wrong))
    return bool(wrong)


def state_status(run: Run) -> int:
    """For a read-only command: report on standard error if it may have read the wrong billing
    state.

    Returns:
        10 if the profile, which names the state, has errors. 14 if the state is not the one that
        was used before. Otherwise 0. A shared state is not checked: the next run hydrates it and
        then reports.
    """
    if wrong := [problem for problem in run.workspace.profile_problems if not problem.warning]:
        sys.stderr.write("".join(f"{problem}\n" for problem in wrong))
        return InputError.exit_status
    if run.sharing.awaits:
        return 0
    try:
        run.guard.check()
    except StaleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def show(arguments: argparse.Namespace, result: dict[str, Any], text: str) -> None:
    """Print a result: JSON if --json was given, otherwise text."""
    shown = (
        neutral_json(json.dumps(result, indent=1, ensure_ascii=False)) if arguments.json else text
    )
    sys.stdout.write(shown.rstrip("\n") + "\n")
