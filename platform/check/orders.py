"""An order's schedule, step ids, modules, deliverables and policy."""
from collections.abc import Iterator
from datetime import date

from platform.check.problems import each_order, of_order, of_step
from platform.check.words import shown, suggestion
from platform.model.formats import cron_fault
from platform.model.ids import is_internal
from platform.model.order import Kind, Order, Step
from platform.model.problem import Problem
from platform.model.repo import Repo


@each_order
def names(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """An enabled order has steps, and their ids are unique."""
    if order.enabled and not order.steps:
        yield of_order(
            order,
            "steps-empty",
            "an enabled order has no steps",
            "add a step, or set enabled: false",
            "steps",
        )
    first: dict[str, int] = {}
    for step in order.steps:
        earlier = first.setdefault(step.step_id, step.index)
        if earlier != step.index:
            other = order.source.place("steps", earlier, "step_id")
            yield of_order(order, "duplicate-step",
                           f"step `{step.step_id}` is a duplicate of the one at {other}",
                           "give it another id", "steps", step.index, "step_id")


@each_order
def modules(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Every module exists, has the step's kind, and sells what the step buys."""
    known = repo.module_ids | repo.contracts.keys()
    for step in order.steps:
        if step.module_id not in known:
            yield of_step(order, step, "unknown-module",
                          f"module `{step.module_id}` does not exist",
                          suggestion(step.module_id, known, "see the directories in modules/"),
                          "module_id")
        contract = repo.contracts.get(step.module_id)
        if contract is None:
            continue  # it exists and has errors, which are reported at its own file
        if step.kind is not contract.kind:
            yield of_step(order, step, "kind-differs",
                          f"the kind `{step.kind}` is not the kind of `{step.module_id}`",
                          f"write {contract.kind}", "kind")
        yield from _deliverables(order, step, list(contract.deliverables))


def _deliverables(order: Order, step: Step, sold: list[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for position, deliverable in enumerate(step.deliverables):
        path = ("deliverables", position)
        if first.setdefault(deliverable, position) != position:
            other = order.source.place("steps", step.index, "deliverables", first[deliverable])
            yield of_step(order, step, "duplicate-deliverable",
                          f"`{deliverable}` is a duplicate of the one at {other}",
                          "keep one of them", *path)
        elif is_internal(deliverable):
            yield of_step(order, step, "internal-deliverable",
                          f"`{deliverable}` is reserved for the platform",
                          "remove it; the platform adds it where needed", *path)
        elif deliverable not in sold:
            yield of_step(
                order,
                step,
                "unknown-deliverable",
                f"`{step.module_id}` sells no `{deliverable}`",
                suggestion(deliverable, sold),
                *path,
            )


@each_order
def policy(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Requested artifacts are packaged and delivered, and a package is delivered. The platform
    never adds a step itself."""
    kinds = {step.kind for step in order.steps if step.enabled}
    if order.artifacts_requested and Kind.PACKAGING not in kinds:
        yield of_order(
            order,
            "policy-packaging",
            "artifacts are requested, but no enabled step packages them",
            "add a step of kind packaging, or set artifacts_requested: false",
            "artifacts_requested",
        )
    if order.artifacts_requested and Kind.DELIVERY not in kinds:
        yield of_order(
            order,
            "policy-delivery",
            "artifacts are requested, but no enabled step delivers them",
            "add a step of kind delivery, or set artifacts_requested: false",
            "artifacts_requested",
        )
    elif Kind.PACKAGING in kinds and Kind.DELIVERY not in kinds:
        step = next(step for step in order.steps if step.enabled and step.kind is Kind.PACKAGING)
        yield of_step(order, step, "policy-delivery", "the package of this step is never delivered",
                      "add an enabled step of kind delivery", "kind")


@each_order
def schedules(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """A schedule has five cron fields, and its time occurs."""
    if order.schedule_cron and (fault := cron_fault(order.schedule_cron)):
        yield of_order(
            order,
            "bad-cron",
            f"schedule_cron {shown(order.schedule_cron)} {fault}",
            "write minute, hour, day, month and weekday, such as 0 6 * * 1",
            "schedule_cron",
        )
