"""Finds the fields of the customer's earlier contract format in a module.yml. Pure.

Such a field leads to one error that names `migrate`, instead of one error for each field.
`platform.migrate` knows what each field becomes.
"""
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from platform.model.problem import Path

# Fields at a fixed place. A field that both formats have is not among them.
_FIXED: tuple[Path, ...] = (
    ("supports_downloadable_artifacts",),
    ("produces_manifest",),
    ("cache", "enabled"),
    ("cache", "retention_default"),
    ("cache", "key_inputs"),
    ("deliverables", "limited_port"),
)
_OF_PORT = ("case_sensitive", "item_type")
_SIDES = ("inputs", "outputs")
_LISTS = ("port", "limited_port")


class EarlierField(NamedTuple):
    """A field of the earlier format. `kind` names it without the indexes of lists: `cache.enabled`,
    `port.case_sensitive`, `schema.nullable`."""

    kind: str
    path: Path


def earlier_fields(contract: Any) -> Iterator[EarlierField]:
    """The earlier fields of a contract, which may have any other errors, in no useful order."""
    for path in _FIXED:
        if _has(contract, path):
            yield EarlierField(".".join(map(str, path)), path)
    for path, port in _ports(contract):
        for name in _OF_PORT:
            if name in port:
                yield EarlierField(f"port.{name}", (*path, name))
        yield from _nullable(port.get("schema"), (*path, "schema"))


def _ports(contract: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for side in _SIDES:
        for name in _LISTS:
            path: Path = ("ports", side, name)
            for index, port in _items(_at(contract, path)):
                yield (*path, index), port


def _nullable(schema: Any, path: Path) -> Iterator[EarlierField]:
    """`nullable` in a port's schema, and in the schemas of its items and fields."""
    if not isinstance(schema, Mapping):
        return
    if isinstance(schema.get("nullable"), bool):
        yield EarlierField("schema.nullable", (*path, "nullable"))
    yield from _nullable(schema.get("items"), (*path, "items"))
    fields = schema.get("properties")
    for name, inner in fields.items() if isinstance(fields, Mapping) else ():
        yield from _nullable(inner, (*path, "properties", name))


def _items(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, Mapping):
            yield index, item


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _has(value: Any, path: Path) -> bool:
    above = _at(value, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above
