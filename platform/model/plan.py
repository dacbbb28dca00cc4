"""The plan: every enabled order as steps with their task hashes and prices, known before a run."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from platform.model.contract import Contract
from platform.model.ids import OrderId, StepId
from platform.model.order import Kind, Mode, Order, Reuse
from platform.model.problem import Problem

# a task as JSON values: everything that its task hash depends on
TaskSpec: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Charge:
    """The price of one item of a step: `__run__`, or a bought deliverable.

    `amount_credits` is zero or more. `effective_from` is the first day of the price row, such as
    2026-11-24. A charge keeps it, so it still explains the amount when the row is deleted."""

    deliverable_id: str
    amount_credits: int
    effective_from: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with all values that a run needs. `params` are the effective inputs, still with
    Bindings."""

    id: StepId
    kind: Kind
    contract: Contract
    index: int
    task_hash: str
    spec: TaskSpec  # `task_hash` is its digest
    params: Mapping[str, Any]
    upstream: tuple[str, ...]  # ids of the steps it waits for; in STRICT mode the step before too
    deliverables: tuple[str, ...]
    charges: tuple[Charge, ...]
    required_outputs: frozenset[str]  # bought outputs; the step fails if one is missing
    timeout_s: int | None = None  # seconds; None: the profile's limit
    retries: int = 0
    reuse: Reuse = Reuse.CACHE

    @property
    def total_credits(self) -> int:
        return sum(charge.amount_credits for charge in self.charges)


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    order: Order
    steps: tuple[PlannedStep, ...]  # sorted: each step comes after the steps it waits for
    promotions: tuple[str, ...] = ()
    period: str = ""  # the start of the period of schedule_cron, UTC; part of every task hash
    next_period: str = ""  # the start of the next period, UTC

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
    """`orders` can run. `refused` orders are enabled, but have errors: they are not charged."""

    orders: Mapping[OrderId, PlannedOrder] = field(default_factory=dict)
    refused: Mapping[OrderId, tuple[Problem, ...]] = field(default_factory=dict)

    def step(self, step_id: StepId) -> PlannedStep | None:
        order = self.orders.get(step_id.order)
        return next((step for step in order.steps if step.id == step_id), None) if order else None
