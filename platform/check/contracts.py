"""A module's contract: separate outputs, deliverables of existing outputs, and valid inputs."""
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from platform.check.problems import each_module, of_module
from platform.check.values import value_faults
from platform.check.words import misspellings, suggestion
from platform.model.contract import Contract, InputPort, OutputPort, is_fixture
from platform.model.order import BINDING_KEYS, Binding
from platform.model.paths import folded, path_fault
from platform.model.problem import Path, Problem

T = TypeVar("T", InputPort, OutputPort)

# Variables that control how processes start, and the secrets of the platform and of CI.
RESERVED = re.compile(r"LD_.*|DYLD_.*|PYTHON.*|PATH|HOME|TMPDIR|SHELL|IFS|BASH_ENV|ENV"
                       r"|PLATFORM_.*|GITHUB_.*|GH_TOKEN|GH_ENTERPRISE_TOKEN|ACTIONS_.*|RUNNER_.*")


@each_module
def contracts(contract: Contract) -> Iterator[Problem]:
    """The contract alone: these checks do not depend on orders."""
    yield from _outputs(contract)
    yield from _inputs(contract)
    yield from _deliverables(contract)
    yield from _self_test(contract)
    yield from _settings(contract)


def _placed(side: str, ports: Iterable[T]) -> Iterator[tuple[Path, T]]:
    """Each port with its path in the contract's file. The model keeps the order of the file."""
    counts = {False: 0, True: 0}
    for port in ports:
        yield (
            ("ports", side, "limited_port" if port.limited else "port", counts[port.limited]),
            port,
        )
        counts[port.limited] += 1


def _outputs(contract: Contract) -> Iterator[Problem]:
    # folded parts of its path, the output, its place
    earlier: list[tuple[tuple[str, ...], OutputPort, Path]] = []
    for path, port in _placed("outputs", contract.outputs.values()):
        at = (*path, "path")
        fault = path_fault(port.path.removesuffix("/") if port.type == "dir" else port.path)
        if fault:
            yield of_module(contract, "bad-output-path", f"the path of `{port.id}` {fault}",
                            "write a path inside the outputs directory", *at)
            continue
        parts = tuple(folded(port.path.rstrip("/")).split("/"))
        other = next((found for found in earlier if _overlap((parts, port), found[:2])), None)
        if other is not None:
            yield of_module(contract, "outputs-overlap",
                            f"the paths of `{port.id}` and `{other[1].id}` are equal, or one "
                            f"contains the other; see {contract.source.place(*other[2])}",
                            "give each output its own path", *at)
        earlier.append((parts, port, at))


def _overlap(
    one: tuple[tuple[str, ...], OutputPort], two: tuple[tuple[str, ...], OutputPort]
) -> bool:
    """Whether two outputs exclude each other. A directory may contain other outputs if neither is
    limited: binding the directory binds the outputs in it too."""
    (outer, around), (inner, within) = sorted((one, two), key=lambda output: len(output[0]))
    if inner[:len(outer)] != outer:
        return False
    return inner == outer or around.type != "dir" or around.limited or within.limited


def _inputs(contract: Contract) -> Iterator[Problem]:
    for at, port in _placed("inputs", contract.inputs.values()):
        values = [(("default",), port.default)] if port.default is not None else []
        for path, value in [
            *values,
            *((("examples", index), item) for index, item in enumerate(port.examples)),
        ]:
            for fault in () if port.type in ("file", "dir") else value_faults(port, _bound(value)):
                yield of_module(
                    contract, fault.code, fault.what, fault.fix, *at, *path, *fault.path
                )


def _bound(value: Any) -> Any:
    """An example as an order would contain it: a map with a binding's keys is a binding."""
    if isinstance(value, Mapping):
        return (
            {key: _bound(item) for key, item in value.items()}
            if BINDING_KEYS.isdisjoint(value)
            else Binding()
        )
    return [_bound(item) for item in value] if isinstance(value, list | tuple) else value


def _deliverables(contract: Contract) -> Iterator[Problem]:
    bindable = [port.id for port in contract.outputs.values() if not port.limited]
    limited = [port.id for port in contract.inputs.values() if port.limited]
    for index, item in enumerate(contract.deliverables.values()):
        at: Path = ("deliverables", "port", index)
        for position, name in enumerate(item.outputs):
            if name not in bindable:
                why = "is a limited output" if name in contract.outputs else "is not an output"
                yield of_module(contract, "unknown-output",
                                f"`{item.deliverable_id}` promises `{name}`, which {why}",
                                suggestion(name, bindable), *at, "outputs", position)
        for name, value in item.limited_inputs.items():
            if name not in limited:
                yield of_module(contract, "unknown-input",
                                f"`{item.deliverable_id}` sets `{name}`, which is not a limited "
                                "input",
                                suggestion(name, limited), *at, "limited_inputs", name, "~key")
                continue
            for fault in value_faults(contract.inputs[name], value):
                yield of_module(
                    contract,
                    fault.code,
                    fault.what,
                    fault.fix,
                    *at,
                    "limited_inputs",
                    name,
                    *fault.path,
                )


def _self_test(contract: Contract) -> Iterator[Problem]:
    test, at = contract.self_test, ("testing", "self_test")
    if test is None:
        yield of_module(contract, "self-test-missing", "the module has no self-test",
                        "add testing.self_test, so that verify-module can test it", "module_id",
                        warning=True)
        return
    needed = [
        port.id for port in contract.inputs.values() if port.required and port.default is None
    ]
    misspelt = misspellings(test.params, contract.inputs, needed)
    free = [name for name in contract.inputs if name not in test.params]
    for name, value in test.params.items():
        port = contract.inputs.get(name)
        if port is None:
            yield of_module(contract, "unknown-input", f"there is no input `{name[:60]}`",
                            suggestion(name, free or contract.inputs,
                                       missing=misspelt.get(name, "")), *at, "params", name, "~key")
        elif not _has_fixture(value):
            for fault in value_faults(port, value):
                yield of_module(
                    contract, fault.code, fault.what, fault.fix, *at, "params", name, *fault.path
                )
    for name in needed:
        if name not in test.params and name not in misspelt.values():
            yield of_module(contract, "missing-input", f"the self-test does not set `{name}`",
                            "add it to its params", *at, "params")


def _has_fixture(value: Any) -> bool:
    """Whether a value is a file of the module's directory, or a list that contains one. Only a run
    can check such a value."""
    if is_fixture(value):
        return True
    return isinstance(value, list | tuple) and any(_has_fixture(item) for item in value)


def _settings(contract: Contract) -> Iterator[Problem]:
    for kind, names in (("secrets", [item.name for item in contract.secrets]),
                        ("vars", [item.name for item in contract.vars])):
        for index, name in enumerate(names):
            if RESERVED.fullmatch(name):
                yield of_module(contract, "reserved-name",
                                f"the environment variable {name} is reserved",
                                "choose another name", "requirements", kind, index, "name")
