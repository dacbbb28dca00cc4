"""Functions that several commands use: find the repository, add common options, print results."""
import argparse
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform.app.place import find_workspace
from platform.app.run import Asked, Run
from platform.app.scope import require_step, scope_of
from platform.app.snapshot import Scope
from platform.app.workspace import Options, Workspace
from platform.config.folders import hidden
from platform.errors import InputError, StaleError, UsageError
from platform.model.characters import one_line, printable
from platform.model.ids import OrderId
from platform.model.named import METAVAR, Named
from platform.model.plan import PlannedOrder
from platform.model.problem import Problem
from platform.model.since import FORMS, moment
from platform.streams import neutral_json


def add_places(parser: argparse.ArgumentParser) -> None:
    """The options of every command that uses state: the profile and the directories."""
    add_profile(parser)
    parser.add_argument("--billing-state-dir", default="", metavar="DIR",
                        help="the directory of the ledger (default: the profile's)")
    parser.add_argument("--runtime-dir", default="", metavar="DIR",
                        help="the directory of outputs and run records (default: the profile's)")


def add_profile(parser: argparse.ArgumentParser) -> None:
    """The option of a command that uses the profile and no state."""
    parser.add_argument("--runtime-profile", default=Options().runtime_profile, metavar="FILE",
                        help="the runtime profile (default: %(default)s)")


def add_order(parser: argparse.ArgumentParser) -> None:
    """The argument and the options that name a tenant, one of its orders or a step; `named` reads
    them."""
    add_named(parser)
    parser.add_argument("--tenant-id", default="", metavar="ID", help="this tenant only")
    parser.add_argument(
        "--work-order-id", default="", metavar="ID", help="this order only; needs a tenant"
    )


def add_named(parser: argparse.ArgumentParser, purpose: str = "", metavar: str = METAVAR) -> None:
    """The argument that names a tenant, an order or a step."""
    parser.add_argument("what", nargs="?", default="", metavar=metavar,
                        help=purpose or "a tenant, one of its orders, or a step; the same as the "
                                        "options (default: all)")


def add_tenant(parser: argparse.ArgumentParser) -> None:
    """The argument and the option of a command that needs one tenant; `the_tenant` reads them."""
    add_named(parser, "the tenant; the same as --tenant-id", "TENANT")
    parser.add_argument("--tenant-id", "--tenant", default="", metavar="ID", help="the tenant")


def named(arguments: argparse.Namespace, *, most: int = 3) -> Named:
    """What the argument and the options name together. An empty part means all, and so does `/*`
    at the end.

    Args:
        most: the number of parts that the command can use: 1 tenant, 2 order, 3 step.

    Raises:
        UsageError: the argument is not a name, the two name different things, or an order is named
            without its tenant.
    """
    try:
        asked = Named.parse(arguments.what.removesuffix("/*")) if arguments.what else Named()
    except ValueError as error:
        raise UsageError(str(error)) from error
    parts = list(asked)
    options = (getattr(arguments, "tenant_id", ""), getattr(arguments, "work_order_id", ""))
    for place, (option, given) in enumerate(
            zip(("--tenant-id", "--work-order-id"), options, strict=True)):
        if given and parts[place] and given != parts[place]:
            raise UsageError(f"{one_line(arguments.what)} and {option} {one_line(given)} name "
                             "different things; give one of them")
        parts[place] = parts[place] or given
    if parts[1] and not parts[0]:
        raise UsageError("--work-order-id needs --tenant-id; give both")
    if any(parts[most:]):
        narrower = Named(*parts[:most])
        raise UsageError(f"{Named(*parts)}: this command is about "
                         f"{'a tenant' if most == 1 else 'an order'} as a whole; write {narrower}")
    return Named(*parts)


def the_tenant(arguments: argparse.Namespace) -> str:
    """The tenant of a command that needs one. UsageError if none is named."""
    asked = named(arguments, most=1)
    if not asked.tenant_id:
        raise UsageError("name the tenant: TENANT or --tenant-id TENANT")
    return asked.tenant_id


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
    parser.add_argument("--since", metavar="TIME", help=f"{purpose}: {FORMS}, in UTC")


def since_moment(text: str) -> datetime:
    """The moment that --since names, in UTC. UsageError for a text that names none."""
    try:
        return moment(text, datetime.now(UTC))
    except ValueError as error:
        raise UsageError(f"--since {one_line(text)!r} is not a time; write {FORMS}") from error


def root(arguments: argparse.Namespace) -> Path:
    """The workspace of a command line: `-C DIR`, PLATFORM_ROOT, or found upward from here."""
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the working directory was deleted; change to another") from error
    return find_workspace(getattr(arguments, "workspace", ""), os.environ, here)


def options(arguments: argparse.Namespace) -> Options:
    """The options that `add_places` or `add_profile` parsed. UsageError if the profile does not
    exist."""
    if not Path(root(arguments) / arguments.runtime_profile).is_file():
        raise UsageError(f"{arguments.runtime_profile}: the runtime profile does not exist; see "
                         "config/")
    return Options(arguments.runtime_profile, getattr(arguments, "billing_state_dir", ""),
                   getattr(arguments, "runtime_dir", ""))


def open_workspace(arguments: argparse.Namespace) -> Workspace:
    """The workspace of the working directory and the options of `add_places`."""
    return Workspace.open(root(arguments), options(arguments))


def open_run(arguments: argparse.Namespace, scope: Scope | None = None) -> Run:
    """A run for a command that reads, or that posts without running tasks. `scope` None: all
    orders."""
    return Run.looking(open_workspace(arguments), Asked(scope))


def open_scope(arguments: argparse.Namespace, asked: Named, *, past: bool = False) -> Run:
    """A run of the orders that `named` read. `past` has the meaning that it has in `scope_of`.
    UsageError if the tenant, the order or the step does not exist."""
    workspace = open_workspace(arguments)
    run = Run.looking(workspace, Asked(scope_of(workspace, *asked.order, past=past)))
    if asked.step_id:
        require_step(run, asked)
    return run


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


def report_hidden(
    arguments: argparse.Namespace, tenant_id: str = "", problems: Iterable[Problem] = ()
) -> bool:
    """Print what hides work orders, of all tenants or of one: links, and directories that cannot be
    read. Also print those of `problems` that are about something unreadable. Return whether there
    are any."""
    wrong = sorted({*hidden(root(arguments), tenant_id), *(
        problem for problem in problems if problem.code == "file-unreadable")})
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
