"""What a quote says: its orders, steps and items, the tenants' credits, and the terms in force."""
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from platform.model.entry import Post
from platform.model.held import Held
from platform.model.ids import OrderId, StepId
from platform.model.prices import Payment, Promotion
from platform.model.reasons import Reasons
from platform.model.run import RunRecord
from platform.model.tenant import Tenant

INVALID = "workorder_invalid"
AGAIN, WAITS = "would send again", "waits for your decision"
# A step upstream runs again. Only its run shows whether it makes the package that was delivered.
MAY_AGAIN, MAY_WAIT = (f"{what} if its package changes" for what in (AGAIN, WAITS))


class Action(StrEnum):
    """What the next run does with a step."""

    RUN = "run"
    CACHED = "cached"  # it is up to date
    REFUSED = "refused"  # its order does not start
    HELD = "held"  # it, or a step upstream, waits for a person's decision


@dataclass(frozen=True, slots=True)
class ItemQuote:
    """One item of a step. `credits` will be posted: 0 if it is paid or its order is refused."""

    deliverable_id: str
    credits: int
    price_credits: int  # in force today
    paid_credits: int | None  # None if it is not paid
    refund_epoch: int


@dataclass(frozen=True, slots=True)
class StepQuote:
    step_id: str
    module_id: str
    action: Action
    reason: str
    credits: int
    charges: tuple[ItemQuote, ...]
    task_hash: str
    delivery: str = ""  # AGAIN, WAITS, MAY_AGAIN or MAY_WAIT if it arrived or may have; or empty
    needed_credits: int = 0  # due and not paid, also if its order is refused


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """`total_credits` will be posted; `needed_credits` is the charge, also if it is refused."""

    tenant_id: str
    work_order_id: str
    title: str
    refusal: str  # a reason's slug, or empty
    problems: tuple[str, ...]
    total_credits: int
    needed_credits: int
    granted_credits: int  # promotions, posted before the charge
    refunded_credits: int  # for earlier work that was never done, posted before the charge
    steps: tuple[StepQuote, ...]
    refusal_words: str = ""  # the credits needed and available, and what to do
    period: str = ""  # of a scheduled order: the start (UTC) of the quoted period, and of the next
    next_period: str = ""


@dataclass(frozen=True, slots=True)
class TenantQuote:
    """A tenant's credits. `balance_before` includes the payments that the run posts first."""

    tenant_id: str
    balance_before: int
    payments_credits: int
    refunded_credits: int
    granted_credits: int
    total_credits: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`conflicts` are ids of payments that were edited after they were posted, without effect."""

    orders: tuple[OrderQuote, ...]
    tenants: tuple[TenantQuote, ...]
    conflicts: tuple[str, ...] = ()

    @property
    def total_credits(self) -> int:
        return sum(order.total_credits for order in self.orders)

    def deliveries(self, what: str) -> int:
        """The number of deliveries that arrived, or may have, with `what`: see `StepQuote`."""
        return sum(step.delivery == what for order in self.orders for step in order.steps)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force, and what happened outside the book.

    * `due`: why a step would run, by its id; other steps are up to date.
    * `records`: all run records of an order, of any plan.
    * `orphaned`: the refunds for deleted orders that the run would post.
    * `held`: steps that wait for a decision.
    * `again`: deliveries that would be sent although they arrived or may have.
    * `resend`: a repair that changes a package sends it again.
    * `remade`: steps that run only because their outputs are missing here.
    * `lost`: deliveries without a record of what was delivered.
    """

    tenants: Mapping[str, Tenant]
    day: date
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    payments: Sequence[Payment] = ()
    reasons: Reasons = field(default_factory=Reasons)
    due: Mapping[StepId, str] = field(default_factory=dict)
    records: Mapping[OrderId, Sequence[RunRecord]] = field(default_factory=dict)
    orphaned: Sequence[Post] = ()
    held: Mapping[StepId, Held] = field(default_factory=dict)
    again: Collection[StepId] = ()
    resend: bool = False
    remade: Collection[StepId] = ()
    lost: Collection[StepId] = ()
