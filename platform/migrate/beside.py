"""What the earlier files beside a contract become: errors.yml, validation.yml, requirements.yml and
action.yml. Pure.

A finding of a file is about one of its entries. A file whose entries all have a place is retired:
`migrate --write` moves it to the backup.
"""
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from platform.check.words import shown
from platform.config.read import Document
from platform.migrate.finding import Becomes, FieldChange
from platform.model.problem import Path
from platform.model.reasons import SLUG
from platform.scaffold.text import flow
from platform.scaffold.yaml_edit import Add, Change, Replace

# Reasons of the earlier platform that this one has under another name, or does not need.
_RENAMED = {"missing_secret": "secrets_missing", "bad_input": "bad_input_format"}
_GONE = re.compile(r"skipped_cache|artifacts?_.*")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*")

Earlier = Mapping[str, Any]
Slugs = Collection[str]  # the reasons of config/reasons.yml


def of_action(document: Document, contract: Earlier, slugs: Slugs) -> Iterator[FieldChange]:
    yield FieldChange(document.source.place(), "action.yml", Becomes(
        "removed; no counterpart: the platform calls run() of src/run.py itself"))


def of_reasons(document: Document, contract: Earlier, slugs: Slugs) -> Iterator[FieldChange]:
    """validation.yml: `reasons`, each with a reason_slug."""
    for path, item in _entries(document, "reasons"):
        name = item.get("reason_slug", item.get("reason_key"))
        yield FieldChange(document.source.place(*path), shown(name),
                      _reason(contract, name, item.get("description"), slugs))


def of_errors(document: Document, contract: Earlier, slugs: Slugs) -> Iterator[FieldChange]:
    """errors.yml: `errors`, each with an error_code."""
    for path, item in _entries(document, "errors"):
        code = item.get("error_code")
        name = code.lower() if isinstance(code, str) else code
        yield FieldChange(document.source.place(*path), shown(code),
                      _reason(contract, name, item.get("description"), slugs))


def _reason(contract: Earlier, name: Any, description: Any, slugs: Slugs) -> Becomes:
    """What a reason of a failure becomes. Whether it is refunded is the operator's decision, so it
    is not added for them."""
    if not (isinstance(name, str) and SLUG.fullmatch(name)):
        return Becomes(f"a reason in config/reasons.yml, whose slug cannot be {shown(name)}; name "
                       "it in snake_case", by_hand=True)
    now = _RENAMED.get(name, name)
    if now == "secrets_missing":
        return Becomes("removed; the platform itself fails such a step with secrets_missing")
    if now in slugs:
        return Becomes(f"the reason {now} of config/reasons.yml; return it as reason_slug")
    if _GONE.fullmatch(name):
        return Becomes("removed; no counterpart: the platform has no such failure")
    words = " ".join(description.split()) if isinstance(description, str) else ""
    entry = f"{{slug: {now}, scope: {contract.get('module_id')}, category: module, refundable: " \
            f"true, description: {flow(words or now)}}}"
    return Becomes(f"a reason of the module; without an entry it counts as module_failed, which is "
                   f"refunded; to keep it, the operator adds to config/reasons.yml: {entry}")


def of_requirements(document: Document, contract: Earlier, slugs: Slugs) -> Iterator[FieldChange]:
    """requirements.yml: secrets and variables, which belong to `requirements` of the contract."""
    for path, item in _entries(document, "requirements"):
        name, kind = item.get("requirement_key"), item.get("requirement_type")
        part = {"secret": "secrets", "var": "vars", "variable": "vars"}.get(str(kind))
        place = document.source.place(*path)
        if part is None or not (isinstance(name, str) and _ENV_NAME.fullmatch(name)):
            yield FieldChange(place, shown(name), Becomes(
                f"no counterpart for the type {shown(kind)}; write it under requirements, then "
                "remove it here", by_hand=True))
        elif name in _listed(contract, part):
            yield FieldChange(place, name, Becomes(f"removed; requirements.{part} has it"))
        else:
            yield FieldChange(place, name, Becomes(f"requirements.{part}"))


def required_changes(document: Document, contract: Earlier) -> list[Change]:
    """The changes of the contract's text that add what requirements.yml has and it does not."""
    added: dict[str, list[dict[str, Any]]] = {}
    for _, item in _entries(document, "requirements"):
        name = item.get("requirement_key")
        part = {"secret": "secrets", "var": "vars", "variable": "vars"}.get(
            str(item.get("requirement_type")))
        if part and isinstance(name, str) and name not in _listed(contract, part):
            value = {"value": str(item["requirement_value"])} if part == "vars" and \
                item.get("requirement_value") is not None else {}
            note = {"note": item["note"]} if isinstance(item.get("note"), str) else {}
            added.setdefault(part, []).append({"name": name, **value, **note})
    present = contract.get("requirements")
    if not added:
        return []
    if not isinstance(present, Mapping) or not present:
        if "requirements" in contract:
            return [Replace(("requirements",), "requirements", added)]
        return [Add((), "requirements", added)]
    return [
        Replace(("requirements", part), part, [*(present[part] or ()), *items])
        if part in present else Add(("requirements",), part, items)
        for part, items in added.items()
    ]


def _listed(contract: Earlier, part: str) -> set[Any]:
    found = contract.get("requirements")
    items = found.get(part) if isinstance(found, Mapping) else None
    return {item.get("name") for item in items if isinstance(item, Mapping)} \
        if isinstance(items, list) else set()


def _entries(document: Document, name: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    value = document.value
    listed = value.get(name) if isinstance(value, Mapping) else None
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, Mapping):
            yield (name, index), item


def understood(document: Document, name: str) -> bool:
    """Whether a file has the earlier form: a map with nothing but a list of maps."""
    value = document.value
    return isinstance(value, Mapping) and set(value) == {name} and (
        value[name] is None
        or (isinstance(value[name], list)
            and all(isinstance(item, Mapping) for item in value[name])))


Reader = Callable[[Document, Earlier, Slugs], Iterator[FieldChange]]
FILES: Mapping[str, tuple[str, Reader]] = {  # file -> its only field, empty for any; its findings
    "errors.yml": ("errors", of_errors),
    "validation.yml": ("reasons", of_reasons),
    "requirements.yml": ("requirements", of_requirements),
    "action.yml": ("", of_action),
}
