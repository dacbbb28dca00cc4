"""Whatever happens, in whatever order: the balance is the sum, twice is once, and the files are made of the journal."""
import csv
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import GENESIS, decode
from platform.ledger.proof.audit import audit, rebuild
from platform.ledger.rules.charge import decide_charge, unpaid
from platform.ledger.rules.credit import topup
from platform.ledger.rules.refund import settle
from platform.model.reasons import Reasons
from platform.model.run import Status
from platform.model.tenant import Tenant
from tests.ledger.conftest import noon, order, replay, run, step

STEPS = (step("one", ("__run__", 5), ("said", 2)), step("two", ("__run__", 1), ("free", 0)), step("three"))
ORDER, TENANT, TODAY = order(*STEPS), Tenant("tenant", "A tenant"), date(2026, 11, 24)
TOPUPS = st.tuples(st.just("topup"), st.integers(1, 20), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
ENDS = st.tuples(st.just("settle"), st.lists(st.sampled_from(list(Status)), min_size=3, max_size=3), st.booleans())
ACTS = st.lists(st.one_of(TOPUPS, ENDS, st.tuples(st.just("charge"), st.none(), st.none())), max_size=12)


def act(ledger: Ledger, what: str, first: object, second: object) -> None:
    """One act, twice: the second time nothing may be posted."""
    runs = {}
    if what == "settle":
        assert isinstance(first, list)
        for planned, status in zip(STEPS, first, strict=True):
            epoch = ledger.book.epoch(planned.task_hash, "__run__") - (1 if second else 0)
            runs[planned.id.step_id] = run(planned, status, "timed_out", epoch=epoch)
    wanted = [topup("tenant", int(str(first)), "wire", f"{first}{second}")] if what == "topup" else []
    for again in (False, True):
        posted = ledger.post(lambda book: {
            "topup": lambda: wanted, "settle": lambda: settle(book, ORDER, runs, Reasons()),
            "charge": lambda: decide_charge(book, ORDER, TENANT, {}, TODAY).posts}[what]())
        assert not (again and posted)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_any_history_adds_up_and_is_rebuilt_to_the_same_bytes(acts: list[tuple[str, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder, "state")
        ledger = Ledger.create(state, noon)
        for each in acts:
            act(ledger, *each)
        ledger.checkpoint()
        posts = [record.post for record in ledger.records()]
        assert ledger.book.balance("tenant") == sum(post.amount_credits for post in posts) >= 0
        assert replay(posts).balances() == ledger.book.balances() == Ledger.open(state).book.balances()
        for planned in STEPS:  # refunds undo charges one by one: what stands paid is what the rows add up to
            rows = [item for post in posts for item in post.items if item.task_hash == planned.task_hash]
            paid = [ledger.book.paid(planned.task_hash, charge.deliverable_id) for charge in planned.charges]
            assert -sum(item.amount_credits for item in rows) == sum(amount or 0 for amount in paid)
        assert len(unpaid(ledger.book, ORDER)) in range(6)
        before = {path.name: path.read_bytes() for path in state.glob("*.csv")}
        with (state / "transactions.csv").open(newline="", encoding="utf-8") as file:
            assert sum(int(row["amount_credits"]) for row in csv.DictReader(file)) == ledger.book.balance("tenant")
        for name in before.keys() - {"journal.csv"}:
            (state / name).unlink()
        rebuild(state)
        assert {path.name: path.read_bytes() for path in state.glob("*.csv")} == before
        assert audit(state) == ()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_people_write_comes_back_from_one_line_as_it_was(reference: str, note: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        post = topup("tenant", 1, "wire", reference, note)
        Ledger.create(Path(folder, "state"), noon).post(lambda book: [post])
        _, line = Path(folder, "state", "journal.csv").read_bytes().split(b"\n")[:2]
        assert decode(line + b"\n", 1, GENESIS).post == post
