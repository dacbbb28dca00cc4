"""What a step gives its module: known ports, all required ones, values of their types."""
from collections.abc import Iterator
from datetime import date

from platform.check.say import each_order, of_step
from platform.check.values import value_faults
from platform.check.words import meant, misspelt
from platform.model.contract import Contract
from platform.model.order import Order, Step
from platform.model.problem import Problem
from platform.model.repo import Repo


@each_order
def inputs(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        if contract is not None:
            yield from _named(order, step, contract)
            yield from _missing(order, step, contract)
            yield from _valued(order, step, contract)


def _named(order: Order, step: Step, contract: Contract) -> Iterator[Problem]:
    open_ports = [port.id for port in contract.inputs.values() if not port.limited]
    for name in step.inputs:
        port = contract.inputs.get(name)
        if port is None:
            free = [other for other in open_ports if other not in step.inputs]
            yield of_step(order, step, "unknown-input", f"`{step.module_id}` has no input `{name[:60]}`",
                          meant(name, free), "inputs", name, "~key")
        elif port.limited:
            seller = next((item.deliverable_id for item in contract.deliverables.values()
                           if name in item.limited_inputs), "")
            yield of_step(order, step, "limited-input", f"only the platform sets `{name}`",
                          f"remove it, and buy the deliverable `{seller}`" if seller else "remove it",
                          "inputs", name, "~key")


def _missing(order: Order, step: Step, contract: Contract) -> Iterator[Problem]:
    open_ports = [port.id for port in contract.inputs.values() if not port.limited]
    told = misspelt([name for name in step.inputs if name in open_ports or name not in contract.inputs],
                    open_ports, open_ports)
    for port in contract.inputs.values():
        needed = port.required and not port.limited and port.default is None
        if needed and port.id not in step.inputs and port.id not in told:
            yield of_step(order, step, "missing-input", f"`{step.module_id}` needs the input `{port.id}`",
                          f"add it to the inputs of step `{step.step_id}`", "inputs")


def _valued(order: Order, step: Step, contract: Contract) -> Iterator[Problem]:
    for name, value in step.inputs.items():
        port = contract.inputs.get(name)
        if port is not None and not port.limited:
            for fault in value_faults(port, value):
                key = ("~key",) if fault.key else ()
                yield of_step(order, step, fault.code, fault.what, fault.cure, "inputs", name, *fault.path, *key)
