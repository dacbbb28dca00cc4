"""What commands share: where the repository is, the options that say where state is, and how a result is printed."""
import argparse
import json
import sys
from pathlib import Path
from typing import Any

from platform.app.run import Asked, Run
from platform.app.scope import scope_of
from platform.app.snapshot import Scope
from platform.app.workspace import Options, Workspace
from platform.config.folders import hidden
from platform.errors import InputError, StaleError, UsageError
from platform.model.characters import printable
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder
from platform.streams import neutral_json


def add_places(parser: argparse.ArgumentParser) -> None:
    """The options that every command with state has (SPEC section 9: the folder is an option everywhere)."""
    parser.add_argument("--runtime-profile", default=Options().runtime_profile, metavar="FILE",
                        help="the runtime profile (default: %(default)s)")
    parser.add_argument("--billing-state-dir", default="", metavar="DIR",
                        help="the ledger's folder (default: the profile's)")
    parser.add_argument("--runtime-dir", default="", metavar="DIR",
                        help="outputs and run records (default: the profile's)")


def add_order(parser: argparse.ArgumentParser) -> None:
    """One tenant, or one of its orders."""
    parser.add_argument("--tenant-id", default="", metavar="ID", help="this tenant only")
    parser.add_argument("--work-order-id", default="", metavar="ID", help="this order only; needs --tenant-id")


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """What a person allows a run to do that waits otherwise."""
    parser.add_argument("--retry-failed", action="store_true",
                        help="also charge and run again what failed twice in the same way or was refunded by "
                             "a decision")
    parser.add_argument("--resend-repaired", action="store_true",
                        help="deliver again what was delivered before and was changed by a repair")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def root() -> Path:
    """The repository: the nearest folder at or above this one with a dodo.py and tenants/."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dodo.py").is_file() and (folder / "tenants").is_dir():
            return folder
    raise UsageError(f"{here}: not inside a repository with dodo.py and tenants/; change to it first")


def options(arguments: argparse.Namespace) -> Options:
    """The options that `add_places` parsed; UsageError when the profile is not there."""
    if not Path(root() / arguments.runtime_profile).is_file():
        raise UsageError(f"{arguments.runtime_profile}: no such runtime profile; see config/")
    return Options(arguments.runtime_profile, arguments.billing_state_dir, arguments.runtime_dir)


def open_workspace(arguments: argparse.Namespace) -> Workspace:
    """The workspace that the working directory and `add_places` name."""
    return Workspace.open(root(), options(arguments))


def open_run(arguments: argparse.Namespace, scope: Scope | None = None) -> Run:
    """A run for a command that looks, or that posts without running tasks; None: of all orders."""
    return Run.looking(open_workspace(arguments), Asked(scope))


def open_scope(arguments: argparse.Namespace, *, past: bool = False) -> Run:
    """A run of the orders that `add_order` parsed; `past` as for `scope_of`."""
    workspace = open_workspace(arguments)
    return Run.looking(workspace, Asked(scope_of(workspace, arguments.tenant_id, arguments.work_order_id, past=past)))


def one_order(arguments: argparse.Namespace) -> tuple[Run, PlannedOrder]:
    """A run and the order that --tenant-id and --work-order-id name; UsageError when the plan does not have it."""
    order_id = OrderId(arguments.tenant_id, arguments.work_order_id)
    run = open_run(arguments, frozenset({order_id}))
    if order_id not in run.snapshot.plan.orders:
        raise UsageError(f"{order_id}: not an enabled work order without errors; see `consistency-validate`")
    return run, run.snapshot.plan.orders[order_id]


UNSEEN = "no work order can be seen; correct what is told first"


def tell_hidden(tenant_id: str = "") -> bool:
    """Print the links that hide work orders, of all tenants or of one; whether there are any."""
    wrong = hidden(root(), tenant_id)
    sys.stderr.write("".join(f"{printable(str(problem))}\n" for problem in wrong))
    return bool(wrong)


def told_stale(run: Run) -> int:
    """For a command that only looked, tell on standard error why it may have looked at another billing state.

    10 when the profile is wrong, which says where the state is; 14 when it is not the state that was used before; else
    0. A shared state is brought up to its release by the next run, which tells then."""
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
    """Print a result: plain JSON on request, lines for people otherwise."""
    shown = neutral_json(json.dumps(result, indent=1, ensure_ascii=False)) if arguments.json else text
    sys.stdout.write(shown.rstrip("\n") + "\n")
