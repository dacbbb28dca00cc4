"""The inputs of a step: known ports, all required ports, and values of the right types."""
from collections.abc import Collection, Iterator, Mapping
from datetime import date

from platform.check.problems import each_order, of_step
from platform.check.values import value_faults
from platform.check.words import misspellings, suggestion
from platform.model.contract import Contract, InputPort
from platform.model.order import Order, Step
from platform.model.problem import Problem
from platform.model.repo import Repo


@each_order
def inputs(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        if contract is not None:
            misspelt = _misspelt(step, contract)
            yield from _unknown(order, step, contract, misspelt)
            yield from _missing(order, step, contract, misspelt.values())
            yield from _values(order, step, contract)


def _misspelt(step: Step, contract: Contract) -> dict[str, str]:
    """The missing required input that each unknown input probably means."""
    open_ports = [port.id for port in contract.inputs.values() if not port.limited]
    names = [name for name in step.inputs if name in open_ports or name not in contract.inputs]
    needed = [name for name in open_ports if _needs(contract.inputs[name])]
    return misspellings(names, open_ports, needed)


def _needs(port: InputPort) -> bool:
    """Whether the tenant must set this input."""
    return port.required and not port.limited and port.default is None


def _unknown(order: Order, step: Step, contract: Contract,
             misspelt: Mapping[str, str]) -> Iterator[Problem]:
    open_ports = [port.id for port in contract.inputs.values() if not port.limited]
    for name in step.inputs:
        port = contract.inputs.get(name)
        if port is None:
            free = [other for other in open_ports if other not in step.inputs]
            yield of_step(
                order,
                step,
                "unknown-input",
                f"`{step.module_id}` has no input `{name[:60]}`",
                suggestion(name, free, missing=misspelt.get(name, "")),
                "inputs",
                name,
                "~key",
            )
        elif port.limited:
            seller = next((item.deliverable_id for item in contract.deliverables.values()
                           if name in item.limited_inputs), "")
            yield of_step(
                order,
                step,
                "limited-input",
                f"only the platform sets `{name}`",
                f"remove it, and buy the deliverable `{seller}`" if seller else "remove it",
                "inputs",
                name,
                "~key",
            )


def _missing(order: Order, step: Step, contract: Contract,
             misspelt: Collection[str]) -> Iterator[Problem]:
    for port in contract.inputs.values():
        if _needs(port) and port.id not in step.inputs and port.id not in misspelt:
            yield of_step(
                order,
                step,
                "missing-input",
                f"`{step.module_id}` needs the input `{port.id}`",
                f"add it to the inputs of step `{step.step_id}`",
                "inputs",
            )


def _values(order: Order, step: Step, contract: Contract) -> Iterator[Problem]:
    for name, value in step.inputs.items():
        port = contract.inputs.get(name)
        if port is not None and not port.limited:
            for fault in value_faults(port, value):
                key = ("~key",) if fault.key else ()
                yield of_step(
                    order,
                    step,
                    fault.code,
                    fault.what,
                    fault.fix,
                    "inputs",
                    name,
                    *fault.path,
                    *key,
                )
