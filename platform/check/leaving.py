"""Only bought outputs leave the platform: checks what packaging and delivery steps bind.

There is one problem for each step whose outputs would leave unpaid; it shows the line that buys
them all. `Sale` decides which outputs may leave, and it also prices the step.
"""
from collections.abc import Iterator
from datetime import date
from functools import partial

from platform.check.money import broken_modules, no_prices
from platform.check.problems import each_order, of_step
from platform.model.order import Order, Step, bindings_in
from platform.model.problem import Path, Problem
from platform.model.repo import Repo
from platform.model.sale import Sale, Unbought, leaves
from platform.model.words import counted

_MOST = 4  # names of outputs in one message


def leaving(repo: Repo, today: date) -> Iterator[Problem]:
    """Every output that leaves the platform is bought, or belongs to no deliverable."""
    if not no_prices(repo):
        yield from each_order(partial(_leaving, broken_modules(repo)))(repo, today)


def _leaving(broken: frozenset[str], repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    makers = order.steps_by_id()
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        if contract is None or not leaves(contract.kind):
            continue
        taken: dict[str, list[tuple[Path, Unbought]]] = {}  # by the step that made it
        for path, binding in bindings_in(step.inputs):
            maker = makers.get(binding.from_step)
            if maker is None or maker.module_id in broken or (step.enabled and not maker.enabled):
                continue  # reported where that step or module is named
            made_by = repo.contracts.get(maker.module_id)
            # An unknown deliverable is reported where it is named.
            if made_by is not None and made_by.deliverables.keys() >= set(maker.deliverables):
                sale = Sale(made_by, maker.deliverables, repo.prices, today)
                taken.setdefault(maker.step_id, []).extend(
                    (path, item) for item in sale.unbought(binding)
                )
        for name, items in taken.items():
            if items:
                yield _problem(order, step, makers[name], items)


def _problem(order: Order, step: Step, maker: Step, items: list[tuple[Path, Unbought]]) -> Problem:
    """The problem of everything that one step binds from another. The line that it shows covers
    all of it."""
    for_sale = [(path, item) for path, item in items if item.sellers]
    if not for_sale:
        path, item = items[0]
        return of_step(order, step, "output-not-bought", f"`{item.output_id}` of step "
                       f"`{maker.step_id}` leaves the platform here, but no deliverable of "
                       f"`{maker.module_id}` with this output has a price in force",
                       "use another output, or ask the operator for a price in "
                       "config/module_prices.csv",
                       "inputs", *path)
    add: list[str] = []
    for _, item in for_sale:
        if not set(add) & set(item.sellers):
            add.append(item.sellers[0])
    names = list(dict.fromkeys(item.output_id for _, item in for_sale))
    shown = ", ".join(f"`{name}`" for name in names[:_MOST]) + (
        f" and {counted(len(names) - _MOST, 'more output')}" if len(names) > _MOST else "")
    line = f"deliverables: [{', '.join(dict.fromkeys((*maker.deliverables, *add)))}]"
    at = order.source.place("steps", maker.index, "step_id")
    return of_step(
        order,
        step,
        "output-not-bought",
        f"{shown} of step `{maker.step_id}` "
        f"{'leaves' if len(names) == 1 else 'leave'} the platform here but "
        f"{'is' if len(names) == 1 else 'are'} not bought",
        f"write `{line}` at step `{maker.step_id}` ({at})",
        "inputs",
        *for_sale[0][0],
    )
