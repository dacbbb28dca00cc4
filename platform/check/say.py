"""How checks say things: a problem of an order at one of its steps, or of a module at one of its ports; and never so
many of one order or module that a hostile file costs more than its size."""
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Order, Step
from platform.model.problem import Problem
from platform.model.repo import Repo

MAX_PROBLEMS = 100  # of one check in one order or module: beyond that nobody reads on

CheckRule = Callable[[Repo, date], Iterator[Problem]]


def of_order(order: Order, code: str, what: str, cure: str, *path: str | int, warning: bool = False) -> Problem:
    """A problem that stops the order; `path` is the way to its place in the file. On a draft it is a warning."""
    return Problem(order.source.place(*path), code, what, cure, ("order", *order.id), warning or not order.enabled)


def of_step(order: Order, step: Step, code: str, what: str, cure: str, *path: str | int,
            warning: bool = False) -> Problem:
    """A problem of a step; of one that is not enabled it is a warning."""
    return of_order(order, code, what, cure, "steps", step.index, *path, warning=warning or not step.enabled)


def of_module(contract: Contract, code: str, what: str, cure: str, *path: str | int, warning: bool = False) -> Problem:
    """A problem that stops every order that uses the module."""
    return Problem(contract.source.place(*path), code, what, cure, ("module", contract.module_id), warning)


def about_draft(repo: Repo, problem: Problem) -> bool:
    """Whether a problem is a warning about an order that is not enabled, or that cannot be read and says so."""
    if not problem.warning or problem.subject[:1] != ("order",):
        return False
    order = repo.orders.get(OrderId(*problem.subject[1:]))
    return order is None or not order.enabled


def each_order(rule: Callable[[Repo, Order, date], Iterator[Problem]]) -> CheckRule:
    """A check out of a rule for one order."""
    def checked(repo: Repo, today: date) -> Iterator[Problem]:
        for order in repo.orders.values():
            found = rule(repo, order, today)
            yield from islice(found, MAX_PROBLEMS)
            if next(found, None) is not None:
                yield of_order(order, "too-many-problems", f"there are more than {MAX_PROBLEMS} problems of this kind",
                               "mend those first")

    checked.__doc__ = rule.__doc__
    return checked


def each_module(rule: Callable[[Contract], Iterator[Problem]]) -> CheckRule:
    """A check out of a rule for one module's contract."""
    def checked(repo: Repo, today: date) -> Iterator[Problem]:
        for contract in repo.contracts.values():
            yield from islice(rule(contract), MAX_PROBLEMS)

    checked.__doc__ = rule.__doc__
    return checked
