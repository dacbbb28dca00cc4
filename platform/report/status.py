"""The state of orders and steps: the plan and the results. Pure; the run passes both."""
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import Any

from platform.model.characters import one_line
from platform.model.held import Held
from platform.model.order_outcome import outcome
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.run import RunRecord
from platform.model.words import in_credits
from platform.plan.period import in_words
from platform.publish.select import Purchase
from platform.report.past import PastOrder
from platform.report.past import lines as past_lines
from platform.report.refusal import describe_debt
from platform.run.records import LOG, OUTPUTS

NEEDS_DECISION = "NEEDS_DECISION"
RIGHT = (3, 4)  # the columns of a step that are numbers
_NONE_HELD: Mapping[str, Held] = {}
_NONE_RUNNING: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class StepState:
    """One step.

    `state` is COMPLETED, FAILED, SKIPPED, RUNNING, NEEDS_DECISION (it waits for a person) or DUE
    (it has not run, or would run again).

    For a DUE step, `reason` says why it would run; duration and isolation are of its last run. For
    a RUNNING step, duration and log are of the present run, and there are no outputs yet.
    """

    step_id: str
    module_id: str
    kind: str
    state: str
    reason: str
    message: str
    duration_s: float
    credits: int
    isolation: str  # the kind of isolation and its meaning; empty if it never ran
    cached_from: str  # the step whose result was reused
    outputs: str  # its directory, relative to the repository; empty if it never ran
    log: str
    upstream: tuple[str, ...]


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
    schedule_cron: str = ""
    period: str = ""  # when it became due (UTC); empty without a schedule
    next_period: str = ""  # when it becomes due again
    due: bool = True  # whether the next run has work for it
    refusal_words: str = ""  # if it did not start: the credits needed and available, what to do
    finished_at: str = ""  # when it or one of its steps last ended: UTC, ISO 8601, with Z

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.work_order_id}"


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Everything that `status` shows.

    `refused` are problems by order, `balances` credits by tenant. `awaiting` are purchases that are
    not published, also of deleted orders; None if they were not requested.
    """

    orders: tuple[OrderState, ...]
    refused: Mapping[str, tuple[str, ...]]
    balances: Mapping[str, int]
    awaiting: tuple[Purchase, ...] | None = None
    past: tuple[PastOrder, ...] = ()  # drafts, deleted and hidden orders that ran

    def of_step(self, step_id: str) -> "StatusReport":
        """The same with only this step of its orders."""
        return replace(self, orders=tuple(
            replace(order, steps=tuple(step for step in order.steps if step.step_id == step_id))
            for order in self.orders))

    def as_json(self) -> dict[str, Any]:
        shown = {"orders": [asdict(order) for order in self.orders], "refused": dict(self.refused),
                 "balances": dict(self.balances), "past": [asdict(order) for order in self.past]}
        if self.awaiting is not None:
            shown["awaiting_publish"] = [
                {
                    **each.step._asdict(),
                    "deliverable_id": each.deliverable_id,
                    "transaction_item_id": each.item_id,
                    "charged_at": each.posted_at,
                }
                for each in self.awaiting
            ]
        return shown


def order_state(
    order: PlannedOrder,
    runs: Mapping[str, RunRecord],
    due: Mapping[str, str],
    refusal: str,
    folder: str,
    running: Mapping[str, float] = _NONE_RUNNING,
    settled: bool = False,
    held: Mapping[str, Held] = _NONE_HELD,
    refusal_words: str = "",
    finished_at: str = "",
) -> OrderState:
    """The state of an order.

    * `due`: the steps that would run now, with the reason.
    * `refusal`: why the order's last run did not start.
    * `folder`: the order's directory, relative to the repository.
    * `running`: the steps that a run executes now, with the seconds so far.
    * `settled`: the last run completed all work of the plan.
    * `held`: the steps that wait for a decision, and why.
    * `finished_at`: when the order was last settled.
    """
    valid = {name: run for name, run in runs.items() if name not in due or not run.completed}
    waiting = {name: each.reason for name, each in held.items() if not each.below}
    result = outcome(order, valid, refusal, waiting)
    steps = tuple(
        _step_state(
            step, runs.get(step.id.step_id), due, running, folder, held.get(step.id.step_id)
        )
        for step in order.steps
    )
    title = str(order.order.metadata.get("title", ""))
    states = {step.state for step in steps}
    if "RUNNING" in states:
        state, reason = "RUNNING", ""
    elif result.reason == "not_run" and not states & {"FAILED", NEEDS_DECISION}:
        state, reason = "DUE", ""
    else:
        state, reason = result.status, result.reason
    return OrderState(
        *order.id,
        title,
        state,
        reason,
        order.total_credits,
        steps,
        order.order.schedule_cron,
        order.period,
        order.next_period,
        bool(due) or not settled,
        refusal_words if refusal else "",
        max([finished_at, *(run.finished_at for run in runs.values())]),
    )


def _step_state(
    step: PlannedStep,
    record: RunRecord | None,
    due: Mapping[str, str],
    running: Mapping[str, float],
    folder: str,
    held: Held | None,
) -> StepState:
    name = step.id.step_id
    again = name in due and (record is None or record.completed)
    state, reason = (
        ("DUE", due[name]) if again or record is None else (record.status.value, record.reason)
    )
    message = record.message if record and not again else ""
    if held and not held.below:
        state, reason, message = NEEDS_DECISION, held.reason, held.words
    elif state == NEEDS_DECISION:
        state, reason, message = "DUE", "it was decided; the next run continues", ""
    own = PurePath(folder, name)
    if name in running:  # the present run replaces the last one, which is not shown
        return StepState(
            step_id=name,
            module_id=step.contract.module_id,
            kind=step.kind.value,
            state="RUNNING",
            reason="",
            message="",
            duration_s=round(running[name], 3),
            credits=step.total_credits,
            isolation="",
            cached_from="",
            outputs="",
            log=str(own.with_name(f".{name}.new") / LOG),
            upstream=step.upstream,
        )
    return StepState(
        step_id=name,
        module_id=step.contract.module_id,
        kind=step.kind.value,
        state=state,
        reason=reason,
        message=message,
        duration_s=record.duration_s if record else 0.0,
        credits=step.total_credits,
        isolation=record.isolation if record else "",
        cached_from=record.cached_from if record else "",
        outputs=str(own / OUTPUTS) if record else "",
        log=str(own / LOG) if record else "",
        upstream=step.upstream,
    )


def as_text(status: StatusReport) -> str:
    """One block per order, one aligned line per step; for pipes, files and CI."""
    lines = []
    for order in status.orders:
        lines.append(heading(order))
        lines += [f"  {order.refusal_words}"] if order.refusal_words else []
        widths = [max((len(words) for words in column), default=0)
                  for column in zip(*map(columns, order.steps), strict=True)]
        lines += [_step_line(step, widths) for step in order.steps]
    for name, problems in status.refused.items():
        lines.append(f"INVALID    {name}")
        lines += [f"  {problem}" for problem in problems]
    lines += [*past_lines(status.past), *awaiting_lines(status), *balance_lines(status)]
    return "\n".join(lines) or "no enabled work orders"


def heading(order: OrderState) -> str:
    """The first line of an order."""
    parts = [
        f"{order.state:<10} {order}",
        in_credits(order.credits),
        order.reason,
        one_line(order.title),
        in_words(order.period, order.next_period),
    ]
    return "  ".join(part for part in parts if part)


def awaiting_lines(status: StatusReport) -> list[str]:
    """One line per deliverable that awaits publishing, or one line if no deliverable does.

    Empty if they were not requested.
    """
    if status.awaiting is None:
        return []
    lines = [
        f"awaits     {each}  charged {each.posted_at}, not published" for each in status.awaiting
    ]
    return lines or ["published  nothing to publish"]


def balance_lines(status: StatusReport) -> list[str]:
    """One line per tenant; for a debt also its effect, and the command that covers it."""
    return [f"balance    {tenant_id}  {in_credits(balance)}"
            + (f": {describe_debt(tenant_id, -balance)}" if balance < 0 else "")
            for tenant_id, balance in status.balances.items()]


def isolation_name(step: StepState) -> str:
    """The kind of isolation, bubblewrap or process; empty for a skipped step."""
    return "" if step.state == "SKIPPED" else step.isolation.partition(":")[0]


def duration(step: StepState) -> str:
    """The duration of its run, so far if it is running."""
    ended = step.log and step.state in ("COMPLETED", "FAILED", "RUNNING")
    return f"{step.duration_s:.2f} s" if ended else ""


def what_became(step: StepState) -> str:
    """Why a step is not done, or which step's result it reused; empty otherwise."""
    if step.state == "COMPLETED" and step.cached_from:
        return f"taken from {step.cached_from}"
    return ": ".join(one_line(words) for words in (step.reason, step.message) if words)


def columns(step: StepState) -> tuple[str, str, str, str, str, str]:
    """The columns of a step: state, step, module, credits, time, isolation."""
    return (step.state, step.step_id, step.module_id, in_credits(step.credits), duration(step),
            isolation_name(step))


def _step_line(step: StepState, widths: Sequence[int]) -> str:
    cells = [words.rjust(width) if index in RIGHT else words.ljust(width)
             for index, (words, width) in enumerate(zip(columns(step), widths, strict=True))]
    where = f"outputs {step.outputs}" if step.state == "COMPLETED" else ""
    log = f"log {step.log}" if step.log and step.state != "SKIPPED" else ""
    return "  " + "  ".join([*cells, *filter(None, (what_became(step), where, log))]).rstrip()
