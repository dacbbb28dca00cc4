"""The plan: every enabled order expanded into steps with their task hashes and prices. Known before anything runs."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.model.contract import Contract
from platform.model.ids import OrderId, StepId
from platform.model.order import Kind, Mode, Order, Reuse
from platform.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Charge:
    """What one item of a step costs: `__run__`, or a bought deliverable. `effective_from` is the day from which the
    price row counts, 2026-11-24: a charge keeps it, so that the row still explains it after it was deleted."""

    deliverable_id: str
    amount_credits: int
    effective_from: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with everything filled in. `params` holds effective inputs, Bindings still in place."""

    id: StepId
    kind: Kind
    contract: Contract
    index: int
    task_hash: str
    manifest: Mapping[str, Any]  # what `task_hash` digests: one manifest, two readers
    params: Mapping[str, Any]
    upstream: tuple[str, ...]  # step ids this one waits for: bindings, needs; in STRICT mode every earlier step
    deliverables: tuple[str, ...]
    charges: tuple[Charge, ...]
    required_outputs: frozenset[str]  # outputs that were bought: missing one is a failure
    timeout_s: int | None = None
    retries: int = 0
    reuse: Reuse = Reuse.CACHE

    @property
    def total_credits(self) -> int:
        return sum(charge.amount_credits for charge in self.charges)


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    order: Order
    steps: tuple[PlannedStep, ...]  # every step after those it waits for
    promotions: tuple[str, ...] = ()
    period: str = ""  # of schedule_cron: its start, UTC; part of every task hash
    next_period: str = ""  # when the next one starts

    @property
    def id(self) -> OrderId:
        return self.order.id

    @property
    def mode(self) -> Mode:
        return self.order.mode

    @property
    def total_credits(self) -> int:
        return sum(step.total_credits for step in self.steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """`orders` can run. `refused` are enabled but wrong; their problems say why, and nothing of them is charged."""

    orders: Mapping[OrderId, PlannedOrder] = field(default_factory=dict)
    refused: Mapping[OrderId, tuple[Problem, ...]] = field(default_factory=dict)

    def step(self, step_id: StepId) -> PlannedStep | None:
        order = self.orders.get(step_id.order)
        return next((step for step in order.steps if step.id == step_id), None) if order else None
