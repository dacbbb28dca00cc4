"""Planned orders, tenants, records and a clock that stands still: what the ledger's tests are told with."""
import hashlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.balance import Book
from platform.model.contract import Contract
from platform.model.entry import Post
from platform.model.ids import StepId
from platform.model.order import Kind, Order
from platform.model.plan import Charge, PlannedOrder, PlannedStep
from platform.model.run import RunRecord, Status
from tests.ledger.stores import MemoryStore

NOON = "2026-11-24T12:00:00Z"


def noon() -> str:
    return NOON


def task_hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def step(step_id: str, *prices: tuple[str, int], tenant: str = "tenant", order: str = "tea",
         kind: Kind = Kind.TRANSFORM) -> PlannedStep:
    """A step whose charges are `__run__` 5 unless `prices` say otherwise."""
    charges = tuple(Charge(name, amount) for name, amount in (prices or (("__run__", 5),)))
    return PlannedStep(id=StepId(tenant, order, step_id), kind=kind, contract=Contract("say", "Say", "1", kind, ""),
                       index=0, task_hash=task_hash(f"{tenant}/{order}/{step_id}"), spec={}, params={}, upstream=(),
                       deliverables=(), charges=charges, required_outputs=frozenset())


def order(*steps: PlannedStep, promotions: tuple[str, ...] = ()) -> PlannedOrder:
    tenant_id, work_order_id, _ = steps[0].id
    return PlannedOrder(Order(tenant_id, work_order_id, promotions=promotions), steps, promotions)


def run(planned: PlannedStep, status: Status, reason: str = "", epoch: int = 0, **more: object) -> RunRecord:
    fields = {"module_id": "say", "module_version": "1", "kind": planned.kind, "run_id": "r", "inputs_digest": "d"}
    return RunRecord(*planned.id, status=status, reason=reason, refund_epoch=epoch, task_hash=planned.task_hash,
                     **{**fields, **more})


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


_OVER_BOTH_STORES = {"test_adjust", "test_money", "test_payments"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Stories of money are told over both stores, except where they are about the directory's files."""
    asked = inspect.signature(metafunc.function).parameters
    if metafunc.module.__name__.rpartition(".")[2] in _OVER_BOTH_STORES and "ledger" in metafunc.fixturenames \
            and not {"state", "reopen", "tmp_path"} & set(asked):
        metafunc.parametrize("ledger", ["files", "memory"], indirect=True)


@pytest.fixture
def ledger(request: pytest.FixtureRequest, state: Path) -> Ledger:
    return Ledger(MemoryStore(), now=noon) if getattr(request, "param", "") == "memory" else Ledger.create(state, noon)


@pytest.fixture
def reopen(state: Path) -> Callable[[], Ledger]:
    return lambda: Ledger.open(state, noon)


def replay(posts: Iterable[Post]) -> Book:
    """The book of a whole history."""
    book = Book()
    for post in posts:
        book.apply(post)
    return book
