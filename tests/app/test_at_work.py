"""Which orders a run holds, decided without a disk: every schedule of two and three runs, and what each step allows."""
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from platform.app.at_work import AtWork, Purpose
from platform.model.ids import OrderId

A, B, C = (OrderId("tenant", name) for name in ("aaa", "bbb", "ccc"))


@dataclass
class Table:
    """The locks of all runs: who has what."""

    owners: dict[OrderId, int] = field(default_factory=dict)


@dataclass
class Locks:
    table: Table
    run: int

    def take_now(self, order: OrderId) -> bool:
        return self.table.owners.setdefault(order, self.run) == self.run

    def release(self, order: OrderId) -> None:
        assert self.table.owners.pop(order) == self.run


def run(table: Table, number: int, tasks: list[OrderId], done: list[tuple[int, OrderId]]) -> Iterator[set[OrderId]]:
    """A `doit run` whose tasks touch orders in this order; the last task of an order settles it. It yields what it
    waits for before it goes on: an empty set between two tasks."""
    held, later = set[OrderId](), set[OrderId]()
    this_pass = set(tasks)
    while this_pass:
        work = AtWork(Locks(table, number), held)
        todo = [order for order in tasks if order in this_pass]
        for at, order in enumerate(todo):
            yield set()
            if work.begin(order, Purpose.WORK, lambda _: True):
                yield set()  # it works on the order, and the others may do anything
                assert table.owners[order] == number
                if order not in todo[at + 1:]:
                    done.append((number, order))
                    work.end(order, Purpose.WORK)
        work.release_all()
        later |= work.left
        assert number not in table.owners.values(), "a run waits while it holds an order"
        if later:
            yield later
        this_pass = held = {order for order in later if order not in table.owners}
        table.owners |= dict.fromkeys(held, number)
        later -= held


def schedules(plans: list[list[OrderId]]) -> int:
    """Try every schedule; the number of them. AssertionError for a deadlock or an order that a run never came to."""
    tried, prefixes = 0, [()]
    while prefixes:
        prefix: tuple[int, ...] = prefixes.pop()
        table, done = Table(), list[tuple[int, OrderId]]()
        runs = {number: run(table, number, plan, done) for number, plan in enumerate(plans)}
        waits = {number: next(each) for number, each in runs.items()}
        for number in prefix:
            step(runs, waits, number)
        ready = [number for number, orders in waits.items()
                 if not orders or any(order not in table.owners for order in orders)]
        assert ready or not runs, f"deadlock after {prefix}: {table.owners}"
        if not runs:
            tried += 1
            assert {(number, order) for number, plan in enumerate(plans) for order in plan} == set(done), prefix
            assert not table.owners
        prefixes += [(*prefix, number) for number in ready]
    return tried


def step(runs: dict[int, Iterator[set[OrderId]]], waits: dict[int, set[OrderId]], number: int) -> None:
    try:
        waits[number] = next(runs[number])
    except StopIteration:
        del runs[number], waits[number]


@pytest.mark.parametrize("plans", [
    [[A, B], [B, A]],
    [[A, B, A, B], [B, A]],
    [[A, B, A], [A, B]],
    [[A], [A], [A]],
    [[A, B], [B], [A]],
])
def test_no_schedule_of_overlapping_runs_is_a_deadlock(plans: list[list[OrderId]]) -> None:
    assert schedules(plans) >= 40


def test_what_another_run_holds_is_left_for_the_whole_pass() -> None:
    table = Table({A: 1})
    work = AtWork(Locks(table, 0))
    assert not work.begin(A, Purpose.WORK, lambda _: True)
    del table.owners[A]
    assert not work.begin(A, Purpose.WORK, lambda _: True)
    assert (work.left, table.owners) == ({A}, {})


def test_what_changed_since_it_was_read_is_released_and_left() -> None:
    table = Table()
    work = AtWork(Locks(table, 0))
    assert not work.begin(A, Purpose.WORK, lambda _: False)
    assert (work.left, table.owners) == ({A}, {})


def test_an_error_while_it_looks_releases_the_order() -> None:
    table = Table()
    work = AtWork(Locks(table, 0))
    with pytest.raises(OSError):
        work.begin(A, Purpose.WORK, lambda _: _raise())
    assert table.owners == {}


def _raise() -> bool:
    raise OSError


def test_an_order_is_released_when_no_purpose_is_left() -> None:
    table = Table()
    work = AtWork(Locks(table, 0))
    assert work.begin(A, Purpose.WORK, lambda _: True)
    assert work.begin(A, Purpose.PUBLISH, lambda _: False), "it is held, so nothing can have changed"
    work.end(A, Purpose.WORK)
    assert work.holds(A)
    work.end(A, Purpose.WORK)
    work.end(A, Purpose.PUBLISH)
    assert (work.holds(A), table.owners) == (False, {})


def test_a_charge_that_is_posted_does_not_release_an_order_at_work() -> None:
    table = Table({C: 1})
    work = AtWork(Locks(table, 0))
    assert work.begin(A, Purpose.WORK, lambda _: True)
    with work.briefly([A, B, C], lambda _: True) as got:
        assert (got, table.owners) == ({A, B}, {A: 0, B: 0, C: 1})
    assert (table.owners, work.left) == ({A: 0, C: 1}, {C})


def test_orders_that_are_nobodys_concern_are_not_left() -> None:
    work = AtWork(Locks(Table({A: 1}), 0))
    with work.if_free([A, B]) as got:
        assert got == {B}
    assert work.left == set()
