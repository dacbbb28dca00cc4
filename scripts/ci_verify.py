"""The CI verifier: `pre` looks at what is written, `e2e` runs it in a throw-away folder, `post` at
what is left."""
import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands.common import add_json, add_places, open_run, root
from platform.errors import UsageError
from platform.model.ids import OrderId
from platform.verify import repository, sequence
from platform.verify.command_check import CLI, command_check
from platform.verify.module import verify_module
from platform.verify.verdict import Check, print_verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phase", required=True, choices=sorted(PHASES), help="which checks")
    add_places(parser)
    # the README's sequence has this one
    parser.set_defaults(runtime_profile="config/runtime_profile.dev_github.yml")
    parser.add_argument(
        "--tenant-id", default="nxlkGI", metavar="ID", help="e2e: whose order is asserted"
    )
    parser.add_argument(
        "--work-order-id", default="UbjkpxZO", metavar="ID", help="e2e: the order that is asserted"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every check of the phase is ok, 1 otherwise; 2 for an order that is not there."""
    return (
        0
        if print_verdict(arguments.phase, PHASES[arguments.phase](arguments), arguments.json)
        else 1
    )


def pre(arguments: argparse.Namespace) -> Iterator[Check]:
    """What is written is right, each module does what its self-test says, each schema allows its
    own examples."""
    run = open_run(arguments)
    yield from repository.written(run)
    for name, contract in sorted(run.snapshot.repo.contracts.items()):
        problem = verify_module(run, contract).problem
        yield Check(f"self-test {name}", not problem, problem)


def e2e(arguments: argparse.Namespace) -> Iterator[Check]:
    """The README's offline sequence, in throw-away folders. UsageError when there is no order to
    assert anything of."""
    repo, order = (
        open_run(arguments).snapshot.repo,
        OrderId(arguments.tenant_id, arguments.work_order_id),
    )
    if order not in repo.orders and order not in repo.unreadable:
        raise UsageError(f"work order {order} does not exist; see `doit list --all`")
    return sequence.everything(root(arguments), root(arguments) / arguments.runtime_profile, order)


def post(arguments: argparse.Namespace) -> Iterator[Check]:
    """What a run left: a state that agrees with itself, and no file of git's touched."""
    places = [
        word
        for name in ("runtime_profile", "billing_state_dir", "runtime_dir")
        if getattr(arguments, name)
        for word in (f"--{name.replace('_', '-')}", getattr(arguments, name))
    ]
    top = root(arguments)
    yield command_check("integrity-validate", [*CLI, "integrity-validate", *places], top)
    yield command_check("ledger audit", [*CLI, "ledger", "audit", *places], top)
    yield repository.nothing_changed(top)


PHASES: dict[str, Callable[[argparse.Namespace], Iterator[Check]]] = {
    "pre": pre,
    "e2e": e2e,
    "post": post,
}

if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
