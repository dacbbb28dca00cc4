"""Expands a checked Repo into a Plan: every enabled order with its steps, task hashes and
prices."""
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from platform.model.digest import digest_of
from platform.model.ids import OrderId, StepId
from platform.model.order import Order, Step
from platform.model.plan import Plan, PlannedOrder, PlannedStep
from platform.model.problem import Problem
from platform.model.repo import Repo
from platform.model.sale import Sale
from platform.plan.fingerprint import effective_inputs, task_spec
from platform.plan.graph import in_order
from platform.plan.period import next_period, period
from platform.plan.policy import waits_for


def expand(
    repo: Repo, problems: Iterable[Problem], now: datetime, only: Collection[OrderId] | None = None
) -> Plan:
    """The plan of `repo` at `now`.

    `now` is an aware datetime; its UTC date decides about prices and periods. Prices are in
    credits. `problems` are all problems of `check`: an error of an order, its tenant or a module
    that it uses refuses the whole order and no other. `only` limits the plan to these orders.

    Raises LookupError if a price is missing, ValueError if steps form a cycle; `check` reports both
    as errors, so this happens only without its problems."""
    stopped = _by_subject(problems)
    orders, refused = {}, {}
    for order_id, order in repo.orders.items():
        if not order.enabled or (only is not None and order_id not in only):
            continue
        reasons = _stopping(order, stopped)
        if reasons:
            refused[order_id] = reasons
        else:
            orders[order_id] = _planned(repo, order, now)
    for order_id in repo.unreadable:
        if only is None or order_id in only:
            refused[order_id] = tuple(stopped.get(("order", *order_id), ()))
    return Plan(orders, refused)


def _by_subject(problems: Iterable[Problem]) -> dict[tuple[str, ...], list[Problem]]:
    stopped: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        if not problem.warning:
            stopped.setdefault(problem.subject, []).append(problem)
    return stopped


def _stopping(order: Order, stopped: dict[tuple[str, ...], list[Problem]]) -> tuple[Problem, ...]:
    modules = dict.fromkeys(step.module_id for step in order.steps if step.enabled)
    subjects = [
        (),
        ("tenant", order.tenant_id),
        ("order", *order.id),
        *(("module", module) for module in modules),
    ]
    return tuple(problem for subject in subjects for problem in stopped.get(subject, ()))


def _planned(repo: Repo, order: Order, now: datetime) -> PlannedOrder:
    steps = {step.step_id: step for step in order.steps if step.enabled}
    waits = waits_for(order, tuple(steps.values()))
    due = period(order.schedule_cron, now)
    hashes: dict[str, str] = {}
    planned = []
    for step_id in in_order(waits):
        step = _planned_step(repo, order, steps[step_id], waits[step_id], hashes, due, now)
        hashes[step_id] = step.task_hash
        planned.append(step)
    return PlannedOrder(
        order, tuple(planned), order.promotions, due, next_period(order.schedule_cron, now)
    )


def _planned_step(
    repo: Repo,
    order: Order,
    step: Step,
    waits: tuple[str, ...],
    hashes: dict[str, str],
    due: str,
    now: datetime,
) -> PlannedStep:
    contract = repo.contracts[step.module_id]
    inputs = effective_inputs(step, contract)
    sale = Sale(contract, step.deliverables, repo.prices, now.astimezone(UTC).date())
    what = task_spec(
        order.id, step, contract, inputs, hashes=hashes, assets=repo.assets, period=due
    )
    return PlannedStep(
        id=StepId(order.tenant_id, order.work_order_id, step.step_id),
        kind=contract.kind,
        contract=contract,
        index=step.index,
        task_hash=digest_of(what),
        spec=what,
        params=inputs,
        upstream=waits,
        deliverables=step.deliverables,
        charges=sale.charges(),
        required_outputs=sale.promised(),
        timeout_s=step.timeout_s,
        retries=step.retries,
        reuse=step.reuse_output_type,
    )
