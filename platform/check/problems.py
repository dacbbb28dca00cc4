"""How checks create problems: of an order at one of its steps, or of a module at one of its ports.

The number of problems of an order or module is limited, so that a hostile file costs little.
"""
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Order, Step
from platform.model.problem import Problem
from platform.model.repo import Repo

MAX_PROBLEMS = 100  # of one check in one order or module; nobody reads more

CheckRule = Callable[[Repo, date], Iterator[Problem]]


def of_order(
    order: Order, code: str, what: str, fix: str, *path: str | int, warning: bool = False
) -> Problem:
    """A problem that stops the order, or a warning if the order is a draft. `path` is its path in
    the file."""
    return Problem(
        order.source.place(*path),
        code,
        what,
        fix,
        ("order", *order.id),
        warning or not order.enabled,
    )


def of_step(order: Order, step: Step, code: str, what: str, fix: str, *path: str | int,
            warning: bool = False) -> Problem:
    """A problem of a step, or a warning if the step is not enabled."""
    return of_order(
        order, code, what, fix, "steps", step.index, *path, warning=warning or not step.enabled
    )


def of_module(
    contract: Contract, code: str, what: str, fix: str, *path: str | int, warning: bool = False
) -> Problem:
    """A problem that stops every order that uses the module."""
    return Problem(
        contract.source.place(*path), code, what, fix, ("module", contract.module_id), warning
    )


def is_about_draft(repo: Repo, problem: Problem) -> bool:
    """Whether a problem is a warning about a draft: an order with enabled: false, even if the rest
    of it is unreadable."""
    if not problem.warning or problem.subject[:1] != ("order",):
        return False
    order = repo.orders.get(OrderId(*problem.subject[1:]))
    return order is None or not order.enabled


def each_order(rule: Callable[[Repo, Order, date], Iterator[Problem]]) -> CheckRule:
    """A check of all orders from a rule for one order."""
    def checked(repo: Repo, today: date) -> Iterator[Problem]:
        for order in repo.orders.values():
            found = rule(repo, order, today)
            yield from islice(found, MAX_PROBLEMS)
            if next(found, None) is not None:
                yield of_order(order, "too-many-problems",
                               f"there are more than {MAX_PROBLEMS} problems of this kind",
                               "correct those first")

    checked.__doc__ = rule.__doc__
    return checked


def each_module(rule: Callable[[Contract], Iterator[Problem]]) -> CheckRule:
    """A check of all modules from a rule for one module's contract."""
    def checked(repo: Repo, today: date) -> Iterator[Problem]:
        for contract in repo.contracts.values():
            yield from islice(rule(contract), MAX_PROBLEMS)

    checked.__doc__ = rule.__doc__
    return checked
