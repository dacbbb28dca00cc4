"""The status of many orders on one screen: counts, then what needs a person, by tenant. Pure."""
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from platform.model.words import counted, shortened
from platform.report.status import NEEDS_DECISION, OrderState, StatusReport, what_became

_MOST_NAMED, _MOST_TENANTS = 12, 8  # lines: all fits into 24
_WIDTH = 100  # characters of a line
# what a person looks at comes first
_STATES = ("FAILED", NEEDS_DECISION, "INVALID", "PARTIAL", "RUNNING", "DUE", "SKIPPED", "COMPLETED")
_BAD = frozenset({"FAILED", "PARTIAL", NEEDS_DECISION, "INVALID"})
INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Attention:
    """An order that a person has to look at. `state` is NEEDS_DECISION if a step waits and none
    failed. `step_id` is the first step that failed or waits; empty if the order is invalid or was
    refused."""

    tenant_id: str
    work_order_id: str
    state: str
    step_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """`orders` and `steps` count by state, `tenants` counts orders by state for each tenant."""

    orders: Mapping[str, int]
    steps: Mapping[str, int]
    attention: tuple[Attention, ...]
    tenants: Mapping[str, Mapping[str, int]]
    balances: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def needs_attention(order: OrderState) -> bool:
    """Whether an order failed, in whole or in part, or waits for a decision."""
    return order.state in _BAD or any(
        step.state in ("FAILED", NEEDS_DECISION) for step in order.steps
    )


def order_summary(status: StatusReport) -> Summary:
    """Count and name. Tenants are sorted by id; what failed is before what waits."""
    wrong = [_attention(order) for order in status.orders if needs_attention(order)]
    for name, problems in status.refused.items():
        tenant_id, _, work_order_id = name.partition("/")
        wrong.append(Attention(tenant_id, work_order_id, INVALID, "", problems[0]
                               if problems else "cannot be read"))
    tenants: dict[str, Counter[str]] = {}
    for tenant_id, state in _order_states(status):
        tenants.setdefault(tenant_id, Counter())[state] += 1
    return Summary(
        _sorted(state for _, state in _order_states(status)),
        _sorted(step.state for order in status.orders for step in order.steps),
        tuple(sorted(wrong, key=lambda one: (
            one.tenant_id, _STATES.index(one.state), one.work_order_id))),
        {tenant_id: _sorted(tenants[tenant_id].elements()) for tenant_id in sorted(tenants)},
        status.balances,
    )


def _order_states(status: StatusReport) -> list[tuple[str, str]]:
    return [*((order.tenant_id, order.state) for order in status.orders),
            *((name.partition("/")[0], INVALID) for name in status.refused)]


def _sorted(states: Iterable[str]) -> dict[str, int]:
    found = Counter(states)
    return {state: found[state] for state in _STATES if found[state]}


def _attention(order: OrderState) -> Attention:
    by_state = {step.state: step for step in reversed(order.steps)}
    step = by_state.get("FAILED") or by_state.get(NEEDS_DECISION)
    state = step.state if step and order.state != "FAILED" else order.state
    return Attention(
        order.tenant_id,
        order.work_order_id,
        "PARTIAL" if order.state == "PARTIAL" and state == "FAILED" else state,
        step.step_id if step else "",
        what_became(step) if step else order.refusal_words or order.reason,
    )


def as_lines(of: Summary) -> list[str]:
    """24 lines at most, whatever the number of orders and tenants."""
    lines = [f"{counted(sum(of.orders.values()), 'order')}: {_counts(of.orders)}",
             f"{counted(sum(of.steps.values()), 'step')}: {_counts(of.steps)}"]
    named = of.attention[:_MOST_NAMED]
    width = max((len(_name(one)) for one in named), default=0)
    lines += [shortened(f"{one.state:<14} {_name(one):<{width}}  {one.reason}".rstrip(), _WIDTH)
              for one in named]
    if more := len(of.attention) - len(named):
        lines.append(f"and {more} more; `status --failed` shows all")
    return [*lines, *_tenant_lines(of)]


def _tenant_lines(of: Summary) -> list[str]:
    """Tenants that need attention first. The others share a line if there are many."""
    wrong = {one.tenant_id for one in of.attention}
    order = sorted(of.tenants, key=lambda tenant_id: (tenant_id not in wrong, tenant_id))
    shown: Sequence[str] = order if len(order) <= _MOST_TENANTS else order[:_MOST_TENANTS - 1]
    lines = [
        f"{tenant_id}  {_counts(of.tenants[tenant_id])}"
        + (f"; balance {of.balances[tenant_id]}" if tenant_id in of.balances else "")
        for tenant_id in shown
    ]
    if rest := order[len(shown):]:
        together = Counter[str]()
        for tenant_id in rest:
            together.update(of.tenants[tenant_id])
        counts = _counts(_sorted(together.elements()))
        lines.append(f"{counted(len(rest), 'other tenant')}: {counts}")
    return lines


def _name(one: Attention) -> str:
    return "/".join(filter(None, (one.tenant_id, one.work_order_id, one.step_id)))


def _counts(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items()) or "none"
