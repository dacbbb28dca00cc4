"""How checks say things: a problem of an order at one of its steps, or of a module at one of its ports."""
from platform.model.contract import Contract
from platform.model.order import Order, Step
from platform.model.problem import Problem


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
