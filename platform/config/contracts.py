"""A module's contract from its `module.yml`, which conforms to the schema.

This module reports duplicate ids. The model cannot, because it maps ports by id.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from platform.model.contract import (
    Contract,
    Deliverable,
    InputPort,
    OutputPort,
    Package,
    Secret,
    SelfTest,
    Var,
)
from platform.model.order import Kind
from platform.model.problem import Path, Problem, SourceFile

_LISTS: tuple[tuple[Path, str], ...] = (
    (("ports", "inputs", "port"), "id"), (("ports", "inputs", "limited_port"), "id"),
    (("ports", "outputs", "port"), "id"), (("ports", "outputs", "limited_port"), "id"),
    (("deliverables", "port"), "deliverable_id"),
    (("requirements", "secrets"), "name"), (("requirements", "vars"), "name"),
)


def contract(value: Mapping[str, Any], source: SourceFile) -> Contract:
    needs, test = value.get("requirements", {}), value.get("testing", {}).get("self_test")
    return Contract(
        module_id=value["module_id"],
        name=value["name"],
        version=value["version"],
        kind=Kind(value["kind"]),
        description=value["description"],
        inputs={
            port["id"]: InputPort(
                **{**port, "examples": tuple(port.get("examples", ())), "limited": limited}
            )
            for port, limited in _ports(value, "inputs")
        },
        outputs={
            port["id"]: OutputPort(**port, limited=limited)
            for port, limited in _ports(value, "outputs")
        },
        deliverables={
            item["deliverable_id"]: Deliverable(**{**item, "outputs": tuple(item["outputs"])})
            for item in _at(value, ("deliverables", "port"))
        },
        secrets=tuple(Secret(**item) for item in needs.get("secrets", ())),
        vars=tuple(Var(**item) for item in needs.get("vars", ())),
        packages=tuple(Package(**item) for item in needs.get("packages", ())),
        network=needs.get("network", False),
        provider=needs.get("provider", ""),
        external=needs.get("external_services", False),
        retention=value.get("cache", {}).get("retention", ""),
        self_test=None if test is None else _self_test(test),
        source=source,
    )


def _self_test(value: Mapping[str, Any]) -> SelfTest:
    expect = value.get("expect", {})
    return SelfTest(
        value.get("params", {}), expect.get("status", "COMPLETED"), tuple(expect.get("files", ()))
    )


def _ports(value: Mapping[str, Any], side: str) -> Iterator[tuple[dict[str, Any], bool]]:
    for name, limited in (("port", False), ("limited_port", True)):
        for port in _at(value, ("ports", side, name)):
            yield port, limited


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part, {})
    return value or []


def duplicates(value: Mapping[str, Any], source: SourceFile,
               subject: tuple[str, ...]) -> Iterator[Problem]:
    """Duplicate ids among a contract's inputs, its outputs, its deliverables, and its secrets and
    vars together."""
    seen: dict[tuple[str | int, str], Path] = {}
    for path, field in _LISTS:
        for index, item in enumerate(_at(value, path)):
            here: Path = (*path, index, field)
            group = path[1] if path[0] == "ports" else path[0]  # limited ports have no own names
            first = seen.setdefault((group, item[field]), here)
            if first != here:
                yield Problem(source.place(*here), "duplicate-id",
                              f"`{item[field]}` is a duplicate of the one at "
                              f"{source.place(*first)}", "give it another name", subject)
