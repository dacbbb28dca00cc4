"""Orders and steps as they stand: what was planned beside what became of it. Pure; the session brings both."""
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from platform.model.plan import PlannedOrder
from platform.model.run import RunRecord
from platform.plan.policy import outcome


@dataclass(frozen=True, slots=True)
class StepState:
    """One step: `state` is COMPLETED, FAILED, SKIPPED, or DUE when it has not run or would run again."""

    step_id: str
    module_id: str
    state: str
    reason: str
    duration_s: float
    credits: int
    isolation: str
    outputs: str  # its folder, relative to the repository


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order; `credits` is the whole price, paid or not."""

    tenant_id: str
    work_order_id: str
    title: str
    state: str
    reason: str
    credits: int
    steps: tuple[StepState, ...]


def order_state(order: PlannedOrder, runs: Mapping[str, RunRecord], due: Mapping[str, str], refusal: str,
                folder: Callable[[str], str]) -> OrderState:
    """`due` names the steps that would run now, with why; `folder` gives a step's folder by its id."""
    result = outcome(order, {name: run for name, run in runs.items() if name not in due}, refusal)
    steps = []
    for planned in order.steps:
        name = planned.id.step_id
        record = runs.get(name)
        again = name in due and (record is None or record.completed)
        state = "DUE" if again or record is None else record.status.value
        reason = due[name] if again else record.reason if record else ""
        duration_s, isolation = (record.duration_s, record.isolation) if record else (0.0, "")
        steps.append(StepState(name, planned.contract.module_id, state, reason, duration_s, planned.total_credits,
                               isolation, folder(name)))
    failed = any(step.state == "FAILED" for step in steps)
    due_again = result.reason == "not_run" and not failed
    state, reason = ("DUE", "") if due_again else (result.status, result.reason)
    title = str(order.order.metadata.get("title", ""))
    return OrderState(*order.id, title, state, reason, order.total_credits, tuple(steps))


def as_json(orders: list[OrderState], refused: Mapping[str, list[str]], balances: Mapping[str, int]) -> dict[str, Any]:
    """`refused`: problems by order name; `balances` in credits by tenant."""
    return {"orders": [asdict(order) for order in orders], "refused": dict(refused), "balances": dict(balances)}


def as_text(orders: list[OrderState], refused: Mapping[str, list[str]], balances: Mapping[str, int]) -> str:
    """One block an order, one line a step, aligned; readable without colour."""
    lines = []
    for order in orders:
        name = f"{order.tenant_id}/{order.work_order_id}"
        why = f"  {order.reason}" if order.reason else ""
        lines.append(f"{order.state:<10} {name}  {order.credits} credits{why}  {order.title}".rstrip())
        width = max((len(step.step_id) for step in order.steps), default=0)
        lines += [_step_line(step, width) for step in order.steps]
    for name, problems in refused.items():
        lines.append(f"INVALID    {name}")
        lines += [f"  {problem}" for problem in problems]
    lines += [f"balance    {tenant_id}  {balance} credits" for tenant_id, balance in balances.items()]
    return "\n".join(lines) or "no enabled work orders"


def _step_line(step: StepState, width: int) -> str:
    took = f"{step.duration_s:7.2f} s" if step.state != "DUE" else " " * 9
    name = f"{step.state:<10} {step.step_id:<{width}}  {step.module_id:<16}"
    return f"  {name} {step.credits:>4} {took}  {step.reason or step.outputs}"
