"""What each field of the earlier contract format becomes. Pure.

A rule gets the whole contract and the path of the field. Its words say what happens to the field,
and why nothing is lost by it, or what is.
"""
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from platform.check.earlier import EarlierField, earlier_fields
from platform.check.words import shown
from platform.migrate.finding import Becomes, FieldRule
from platform.model.digest import canonical_json
from platform.model.problem import Path
from platform.scaffold.yaml_edit import Add, Change, Remove, Rename, Replace

_RETENTION = re.compile(r"[1-9][0-9]{0,3}[hdwmy]")  # schemas/module.schema.json


def planned(contract: Mapping[str, Any]) -> Iterator[tuple[EarlierField, Becomes]]:
    """Each earlier field with what it becomes."""
    for field in earlier_fields(contract):
        yield field, _RULES[field.kind](contract, field.path)


def without_empty_maps(contract: Any, changes: Iterable[Change]) -> list[Change]:
    """The changes, with one removal of each map of which nothing would be left."""
    changes = list(changes)
    removed = {change.path for change in changes if isinstance(change, Remove)}
    filled = {change.path for change in changes if isinstance(change, Add)}
    paths = list(removed)
    while paths:
        above = paths.pop()[:-1]
        holder = at(contract, above)
        if above and isinstance(holder, Mapping) and above not in removed | filled and all(
                (*above, name) in removed for name in holder):
            removed.add(above)
            paths.append(above)
    outer = [path for path in sorted(removed, key=str)
             if not any(path[:length] in removed for length in range(1, len(path)))]
    return [change for change in changes if not isinstance(change, Remove)] \
        + [Remove(path) for path in outer]


def at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _removed(words: str) -> FieldRule:
    return lambda contract, path: Becomes(f"removed; {words}", [Remove(path)])


def _artifacts(contract: Any, path: Path) -> Becomes:
    if at(contract, path) is False:
        sold = [str(item.get("deliverable_id")) for item in _deliverables(contract)]
        if sold:
            return Becomes(f"no counterpart; a tenant can buy {', '.join(sold)}: remove what is "
                           "not for sale from deliverables.port, then remove this line",
                           by_hand=True)
    return Becomes("removed; a tenant can buy and receive what deliverables.port lists",
                   [Remove(path)])


def _deliverables(contract: Any) -> list[Any]:
    found = contract.get("deliverables")
    listed = found.get("port") if isinstance(found, Mapping) else None
    return [item for item in listed or () if isinstance(item, Mapping)] \
        if isinstance(listed, list) else []


def _manifest(contract: Any, path: Path) -> Becomes:
    kind = contract.get("kind")
    what = "writes one" if kind == "packaging" else "writes none"
    return Becomes(f"removed; the kind implies it, and a module of kind {shown(kind)} {what}",
                   [Remove(path)])


def _cache_enabled(contract: Any, path: Path) -> Becomes:
    if at(contract, path) is False:
        return Becomes("removed; no counterpart: results are kept, and an order says "
                       "`reuse_output_type: none` for a step that must not use them",
                       [Remove(path)])
    return Becomes("removed; results are always kept", [Remove(path)])


def _retention(contract: Any, path: Path) -> Becomes:
    value, cache = at(contract, path), contract["cache"]
    if "retention" in cache:
        if cache["retention"] == value:
            return Becomes("removed; cache.retention says the same", [Remove(path)])
        return Becomes(f"cache.retention is {shown(cache['retention'])}, and this is "
                       f"{shown(value)}; keep one of them", by_hand=True)
    if not (isinstance(value, str) and _RETENTION.fullmatch(value)):
        return Becomes(f"cache.retention, which cannot be {shown(value)}; write a time such as "
                       "12h, 3d, 1w, 6m or 1y", by_hand=True)
    return Becomes("cache.retention", [Rename(path, "retention")])


def _item_type(contract: Any, path: Path) -> Becomes:
    value, port = at(contract, path), at(contract, path[:-1])
    if not isinstance(value, str):
        return Becomes(f"schema.items.type, which cannot be {shown(value)}; write a type",
                       by_hand=True)
    schema = port.get("schema")
    words = f"schema.items.type: {value}"
    if schema is None:
        change: Change = Replace(path, "schema", {"items": {"type": value}})
        return Becomes(words, [Remove((*path[:-1], "schema")), change] if "schema" in port
                       else [change])
    items = schema.get("items") if isinstance(schema, Mapping) else schema
    if isinstance(schema, Mapping) and "items" not in schema:
        return Becomes(words, [Remove(path), Add((*path[:-1], "schema"), "items", {"type": value})])
    if not isinstance(items, Mapping):
        return Becomes(f"{words}, but the port's schema is no map of rules; write it by hand",
                       by_hand=True)
    if items.get("type", value) != value:
        return Becomes(f"schema.items.type is {shown(items['type'])}, and this is {value}; keep "
                       "one of them", by_hand=True)
    if "type" in items:
        return Becomes("removed; schema.items.type says the same", [Remove(path)])
    return Becomes(words, [Remove(path), Add((*path[:-1], "schema", "items"), "type", value)])


def _nullable(contract: Any, path: Path) -> Becomes:
    schema = at(contract, path[:-1])
    if not schema["nullable"]:
        return Becomes("removed; a value is null only if a type list allows it", [Remove(path)])
    own = schema.get("type")
    if own is None and len(path) == 6:  # ports, inputs, port, 0, schema, nullable
        own = at(contract, path[:-2]).get("type")
    if not isinstance(own, str):
        return Becomes("a type list with null in it; name the other type", by_hand=True)
    if own in ("file", "dir"):
        return Becomes(f"removed; no counterpart: an input of the type {own} that is not set is "
                       "missing, not null", [Remove(path)])
    types = [own, "null"]
    if "type" in schema:
        return Becomes(f"type: {_json(types)}",
                       [Remove(path), Replace((*path[:-1], "type"), "type", types)])
    return Becomes(f"schema.type: {_json(types)}", [Replace(path, "type", types)])


def _limited_deliverables(contract: Any, path: Path) -> Becomes:
    listed = at(contract, path)
    if not listed:
        return Becomes("removed; it is empty", [Remove(path)])
    names = [str(item.get("deliverable_id")) for item in listed if isinstance(item, Mapping)] \
        if isinstance(listed, list) else []
    return Becomes(f"no counterpart: everything that is listed can be bought; remove "
                   f"{', '.join(names) or 'the list'}, or move what is for sale to "
                   "deliverables.port", by_hand=True)


def _json(value: Any) -> str:
    return canonical_json(value).decode()


_RULES: Mapping[str, FieldRule] = {
    "supports_downloadable_artifacts": _artifacts,
    "produces_manifest": _manifest,
    "cache.enabled": _cache_enabled,
    "cache.retention_default": _retention,
    "cache.key_inputs": _removed("no counterpart: every input is in the key"),
    "deliverables.limited_port": _limited_deliverables,
    "port.case_sensitive": _removed("no counterpart: a value is compared and hashed as it is "
                                    "written"),
    "port.item_type": _item_type,
    "schema.nullable": _nullable,
}
