"""Orders that are charged together: one fsync for all, each all or nothing by itself, the plan's order."""
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest

from platform.app.billing import Billing
from platform.app.charges import Charged
from platform.app.run import Asked, Run
from platform.app.workspace import Options, Workspace
from platform.errors import ConflictError
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.model.entry import Post, PostType
from platform.model.ids import OrderId
from tests.faults.disks import FaultyDisk, Killed, KillingDisk
from tests.ledger.conftest import noon
from tests.support import repository

CREDITS = 60  # of each of the two tenants; each order costs 5 for each of its steps


class CountingDisk(Disk):
    """Counts what waits for the platter."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync(self, handle: int) -> None:
        self.syncs += 1
        super().sync(handle)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Twenty orders of two tenants, o00 to o09 each, of one step."""
    made = repository(tmp_path / "repo")
    other = made / "tenants" / "other0"
    other.mkdir()
    (other / "tenant.yml").write_text("tenant_id: other0\ntenant_name: Other\n")
    for tenant in ("other0", "tenant"):
        for number in range(10):
            order(made, tenant, f"o{number:02}", 1)
    return made


def order(repo: Path, tenant: str, name: str, steps: int) -> None:
    folder = repo / "tenants" / tenant / "workorders"
    folder.mkdir(exist_ok=True)
    lines = [f"  - {{step_id: s{number}, module_id: say, kind: transform, inputs: {{text: {name}}}}}\n"
             for number in range(steps)]
    (folder / f"{name}.yml").write_text(f"work_order_id: {name}\nsteps:\n" + "".join(lines))


def started(repo: Path, disk: Disk, state: str = ".billing-state", buys: Collection[OrderId] | None = None) -> Run:
    """A run that has come to its charges, on a disk of the test's."""
    workspace = Workspace.open(repo, Options(billing_state_dir=state))
    ledger = Ledger.create(workspace.billing_state_dir, noon, disk)
    made = Run(workspace, Asked(buys=buys), billing=Billing(workspace.billing_state_dir, ledger))
    ledger.post(lambda book: [topup(tenant, CREDITS, "bank-wire", "wire-2") for tenant in ("other0", "tenant")])
    return made


def charge_all(run: Run, first: int = 0) -> dict[str, Charged]:
    """What each order is told, asked from the last to the first as doit may, or beginning with another one."""
    ids = list(reversed(run.snapshot.plan.orders))
    return {str(order_id): run.charges.charge(order_id) for order_id in [*ids[first:], *ids[:first]]}


def spent(run: Run) -> dict[str, int]:
    """Credits by order, as the journal has them."""
    found: dict[str, int] = {}
    for record in run.billing.ledger.records():
        if record.post.kind == "charge":
            name = f"{record.post.tenant_id}/{record.post.work_order_id}"
            found[name] = found.get(name, 0) - record.post.amount_credits
    return found


def test_twenty_orders_are_charged_with_one_fsync(repo: Path) -> None:
    disk = CountingDisk()
    run = started(repo, disk)
    before = disk.syncs
    told = charge_all(run)
    assert disk.syncs - before == 1
    assert spent(run) == {str(order_id): 5 for order_id in run.snapshot.plan.orders}
    assert told["tenant/o00"] == Charged(5, 0, 0, CREDITS - 5, "")
    assert told["tenant/o09"] == Charged(5, 0, 0, CREDITS - 50, "")
    charge_all(run)
    assert disk.syncs - before == 1


def test_only_what_is_asked_for_is_bought_together(repo: Path) -> None:
    run = started(repo, Disk(), buys={OrderId("tenant", "o03"), OrderId("other0", "o07")})
    run.charges.charge(OrderId("tenant", "o03"))
    assert spent(run) == {"other0/o07": 5, "tenant/o03": 5}


@pytest.mark.parametrize("first", [0, 7, 15])
def test_the_last_credits_go_to_the_first_in_the_plan_whoever_asks_first(repo: Path, first: int) -> None:
    """Of 60 credits o01 takes 40; o02 is too dear with 25 and stops nobody: four more of 5 are bought."""
    order(repo, "tenant", "o01", 8)
    order(repo, "tenant", "o02", 5)
    run = started(repo, Disk())
    told = charge_all(run, first)
    refused = [name for name, charged in told.items() if charged.refusal]
    assert sorted(refused) == [f"tenant/o{number:02}" for number in (2, 6, 7, 8, 9)]
    assert told["tenant/o02"] == Charged(0, 0, 0, CREDITS - 45, "not_enough_credits")
    assert told["tenant/o05"] == Charged(5, 0, 0, 0, "")
    assert spent(run).keys() == told.keys() - set(refused)


def test_a_conflict_is_told_to_its_order_and_stops_no_other(repo: Path) -> None:
    """Two orders' keys were used for something else: a ledger that nobody here wrote."""
    run = started(repo, Disk())
    wrong = {OrderId("tenant", "o02"), OrderId("tenant", "o07")}
    run.billing.ledger.post(lambda book: [taken(run, order_id) for order_id in sorted(wrong)])
    paid = [order_id for order_id in run.snapshot.plan.orders if order_id not in wrong]
    with pytest.raises(ConflictError, match="amount_credits -7, now it says -5"):  # its own, not that of o02
        run.charges.charge(OrderId("tenant", "o07"))
    assert [run.charges.charge(order_id).spent_credits for order_id in paid] == [5] * len(paid)
    with pytest.raises(ConflictError, match="amount_credits -2, now it says -5"):
        run.charges.charge(OrderId("tenant", "o02"))
    assert spent(run) == {**{str(order_id): 5 for order_id in paid}, "tenant/": 2 + 7}


def taken(run: Run, order_id: OrderId) -> Post:
    """A post under the key that the order's charge will have."""
    planned, tenant = run.snapshot.plan.orders[order_id], run.snapshot.repo.tenants[order_id.tenant_id]
    key = decide_charge(run.billing.ledger.book, planned, tenant, {}, run.snapshot.now.date()).posts[0].key
    return Post(key, "charge", order_id.tenant_id, PostType.SPEND, -int(order_id.work_order_id[1:]))


@pytest.mark.slow
def test_a_run_that_dies_at_any_moment_of_its_charges_leaves_each_whole_or_none(repo: Path) -> None:
    """And the next run's charges end in what an undisturbed run has."""
    for number in range(10):
        order(repo, "tenant", f"o{number:02}", 2)  # 100 credits, of which 60 are there
    right = started(repo, FaultyDisk(), "state")
    right_told = charge_all(right)
    dead, half = 0, 0
    while True:
        for part in range(5):
            disk = KillingDisk(-1, part)
            run = started(repo, disk, f"state{dead}.{part}")
            disk.at = disk.count + dead
            with suppress(Killed):
                charge_all(run)
                assert (dead, part, half) > (2, 0, 2), "it never died, or never in the middle of a charge"
                return
            disk.leave()
            after = started(repo, FaultyDisk(), f"state{dead}.{part}")
            left = spent(after)
            assert left.items() <= spent(right).items()
            half += 0 < len(left) < len(spent(right))
            told = charge_all(after)
            assert spent(after) == spent(right)
            assert {name: charged.refusal for name, charged in told.items()} == {
                name: charged.refusal for name, charged in right_told.items()}
        dead += 1
