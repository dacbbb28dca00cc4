"""On every graph, after every history, the quote is the bill: to the credit, item by item, grant by grant.

The bill is posted by a real ledger, the way a run's tasks post it: confirmed payments first, then order after order.
"""
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform.app.holding import is_returned
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import attempts
from platform.ledger.rules.charge import decide_charge, unpaid
from platform.ledger.rules.credit import reconcile, topup
from platform.ledger.rules.refund import settle, supersede
from platform.model.entry import Post, PostType
from platform.model.held import Held
from platform.model.ids import StepId
from platform.model.plan import Charge, Plan, PlannedOrder
from platform.model.prices import Payment, Promotion
from platform.model.reasons import Reason, Reasons
from platform.model.run import RunRecord, Status
from platform.model.tenant import Tenant, TenantStatus
from platform.report.quote import quote
from platform.report.quote_values import Quote, Terms
from tests.ledger.conftest import noon, order, run, step, task_hash

TODAY = date(2026, 11, 24)
REASONS = Reasons({name: Reason(name, "global", "test", refundable)
                   for name, refundable in (("timed_out", True), ("skipped_upstream", True), ("unverified", False))})
NAMES = (("tenant", "tea"), ("tenant", "milk"), ("other_", "tea"))
ENDS = (Status.COMPLETED, Status.FAILED, Status.SKIPPED)


class NoSync(Disk):
    """A disk whose every write is durable: a thousand histories need no thousand fsyncs, nor a thousand open files."""

    def __init__(self) -> None:
        self.handles: set[int] = set()

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        handle = super().open(path, append=append, create=create)
        self.handles.add(handle)
        return handle

    def close(self, handle: int) -> None:
        super().close(handle)
        self.handles.discard(handle)

    def close_all(self) -> None:
        for handle in list(self.handles):
            self.close(handle)

    def sync(self, handle: int) -> None: ...

    def sync_folder(self, folder: Path) -> None: ...


@st.composite
def orders(draw: st.DrawFn) -> tuple[PlannedOrder, ...]:
    found = []
    for tenant, name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
        steps = []
        for number in range(draw(st.integers(1, 3))):
            bought = draw(st.lists(st.sampled_from(["said", "report"]), unique=True))
            prices = [("__run__", draw(st.integers(0, 6))), *((each, draw(st.integers(0, 3))) for each in bought)]
            steps.append(step(f"s{number}", *prices, tenant=tenant, order=name))
        codes = draw(st.lists(st.sampled_from(["HELLO", "AGAIN"]), unique=True))
        found.append(order(*steps, promotions=tuple(codes)))
    return tuple(found)


PROMOTIONS = st.fixed_dictionaries({code: st.builds(
    Promotion, st.just(code), st.integers(1, 9), st.integers(1, 2), st.just(date(2026, 1, 1)),
    st.sampled_from([None, date(2026, 2, 1)])) for code in ("HELLO", "AGAIN")})
TENANTS = st.fixed_dictionaries({name: st.sampled_from(list(TenantStatus)).map(
    lambda status, name=name: Tenant(name, name, status=status)) for name in ("tenant", "other_")})
PAYMENTS = st.lists(st.tuples(st.sampled_from(["tenant", "other_"]), st.integers(1, 12),
                              st.sampled_from(["CONFIRMED", "PENDING"])), max_size=3).map(
    lambda rows: [Payment(f"pay-{number}", tenant, "bank-wire", amount, f"w{number}", status)
                  for number, (tenant, amount, status) in enumerate(rows)])
ACTS = st.lists(st.one_of(
    st.tuples(st.just("topup"), st.sampled_from(["tenant", "other_"]), st.integers(1, 25)),
    st.tuples(st.just("run"), st.integers(0, 2), st.lists(st.sampled_from(ENDS), min_size=3, max_size=3)),
    st.tuples(st.just("stopped"), st.integers(0, 2), st.none()),
    st.tuples(st.just("decided"), st.integers(0, 2), st.sampled_from(["arrived", "resend", "refund"])),
    st.tuples(st.just("edit"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("price"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("payments"), st.none(), st.none())), max_size=10)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(orders(), PROMOTIONS, TENANTS, PAYMENTS, ACTS, st.frozensets(st.integers(0, 8)))
def test_the_quote_is_the_bill(planned: tuple[PlannedOrder, ...], promotions: dict[str, Promotion],
                               tenants: dict[str, Tenant], payments: list[Payment], acts: list[Any],
                               failed_twice: frozenset[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        disk = NoSync()
        ledger = Ledger.create(Path(folder, "state"), noon, disk)
        world = World(ledger, list(planned), promotions, payments)
        for number, act in enumerate(acts):
            world.act(number, *act)
        plan = Plan({each.id: each for each in world.orders})
        seq = ledger.book.seq
        records = {each.id: tuple(world.records[each.id].values()) for each in world.orders}
        steps = [each for planned in world.orders for each in planned.steps]
        held = {each.id: Held("bad_input_format", "") for at, each in enumerate(steps)
                if at in failed_twice or is_returned(ledger.book, each)}
        terms = Terms(tenants, TODAY, promotions, payments, REASONS, records=records, held=held)
        answer = quote(plan, ledger.book, terms)
        assert ledger.book.seq == seq  # it looked
        check(answer, world.bill(tenants, held), ledger.book.balances())
        disk.close_all()


def check(answer: Quote, bill: dict[tuple[str, str], tuple[Post, ...]], balances: Mapping[str, int]) -> None:
    for told in answer.orders:
        posts = bill[told.tenant_id, told.work_order_id]
        spent = {(item.step_id, item.deliverable_id): -item.amount_credits for post in posts for item in post.items
                 if item.type is PostType.SPEND}
        quoted = {(each.step_id, item.deliverable_id): item.credits
                  for each in told.steps for item in each.charges}
        assert {key: amount for key, amount in quoted.items() if amount} == {
            key: amount for key, amount in spent.items() if amount}
        assert told.total_credits == sum(each.credits for each in told.steps) == -sum(
            post.amount_credits for post in posts if post.type is PostType.SPEND)
        assert told.granted_credits == sum(post.amount_credits for post in posts if post.type is PostType.TOPUP)
        assert told.refunded_credits == sum(post.amount_credits for post in posts if post.type is PostType.REFUND)
        assert told.refusal in ("", *(post.reason_code for post in posts)) or not posts  # a known refusal is a replay
        assert not (told.refusal and told.total_credits)
    for tenant in answer.tenants:
        assert tenant.balance_after == balances.get(tenant.tenant_id, 0)
        added = tenant.refunded_credits + tenant.granted_credits
        assert tenant.balance_before + added - tenant.total_credits == tenant.balance_after


class World:
    """Orders that change between runs, and the posts that running them makes."""

    def __init__(self, ledger: Ledger, orders: list[PlannedOrder], promotions: dict[str, Promotion],
                 payments: list[Payment]) -> None:
        self.ledger, self.orders, self.promotions, self.payments = ledger, orders, promotions, payments
        self.records: dict[Any, dict[str, RunRecord]] = {each.id: {} for each in orders}  # what lies on the disk

    def act(self, number: int, what: str, first: Any, second: Any) -> None:
        at = first % len(self.orders) if isinstance(first, int) else 0
        if what == "topup":
            self.ledger.post(lambda book: [topup(first, second, "wire", f"ref-{number}")])
        elif what == "payments":
            self.ledger.post(lambda book: reconcile(self.payments))
        elif what == "decided":
            self.decide(self.orders[at], second)
        elif what == "run":
            self.run(self.orders[at], second)
        elif what == "stopped":
            self.charge(self.orders[at], Tenant(self.orders[at].id.tenant_id, "x"))
        else:
            self.orders[at] = changed(self.orders[at], what, number, second)

    def run(self, planned: PlannedOrder, ends: list[Status]) -> None:
        """Charge, then settle what became of the steps; of refused orders nothing runs."""
        self.charge(planned, Tenant(planned.id.tenant_id, "x"))
        if unpaid(self.ledger.book, planned):
            return
        reasons = {Status.COMPLETED: "", Status.FAILED: "timed_out", Status.SKIPPED: "skipped_upstream"}
        runs = {each.id.step_id: run(each, end, reasons[end],
                                     epoch=self.ledger.book.epoch(each.task_hash, "__run__"))
                for each, end in zip(planned.steps, ends, strict=False)}
        self.records[planned.id].update(runs)
        self.ledger.post(lambda book: settle(book, planned, runs, REASONS))

    def decide(self, planned: PlannedOrder, decision: str) -> None:
        """The first step of an order that stands paid is a delivery that may have arrived, and a person settles it."""
        book = self.ledger.book
        for each in planned.steps:
            work = each.task_hash, book.epoch(each.task_hash, "__run__")
            if book.paid(each.task_hash, "__run__") is not None and book.fact(*work) is None:
                made = attempts.Decision(1, decision, "me", "2026-11-24T00:00:00Z", "", "")
                self.ledger.post(lambda book, each=each, work=work: [attempts.claim(each.id, work, 1, {})])
                self.ledger.post(lambda book, each=each, work=work, made=made: [
                    attempts.decision(each.id, work, made),
                    *attempts.returned(planned.id, work, book.open_items(planned.id) if decision == "refund" else ())])
                return

    def bill(self, tenants: dict[str, Tenant], held: Collection[StepId]) -> dict[tuple[str, str], tuple[Post, ...]]:
        """What a run posts now, by order; `held` are the steps that wait for a decision and are not bought."""
        self.ledger.post(lambda book: reconcile(self.payments))
        return {each.id: self.charge(each, tenants[each.id.tenant_id], held) for each in self.orders}

    def charge(self, planned: PlannedOrder, tenant: Tenant, held: Collection[StepId] = ()) -> tuple[Post, ...]:
        """As a run does: first what the order no longer has and was never done is given back."""
        without = [each.id.step_id for each in planned.steps if each.id in held]
        hashes, records = {each.task_hash for each in planned.steps}, self.records[planned.id].values()
        back = self.ledger.post(lambda book: supersede(book, planned.id, hashes, records, REASONS))
        return back + self.ledger.post(
            lambda book: decide_charge(book, planned, tenant, self.promotions, TODAY, without).posts)


def changed(planned: PlannedOrder, what: str, number: int, which: int) -> PlannedOrder:
    """An edited input moves the step's task hash; a new price moves what it costs and nothing else."""
    steps = list(planned.steps)
    at = which % len(steps)
    if what == "edit":
        steps[at] = replace(steps[at], task_hash=task_hash(f"{steps[at].id} edited in act {number}"))
    else:
        steps[at] = replace(steps[at], charges=tuple(Charge(each.deliverable_id, each.amount_credits + which)
                                                     for each in steps[at].charges))
    return replace(planned, steps=tuple(steps))
