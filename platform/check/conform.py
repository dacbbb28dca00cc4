"""Validates a value against a JSON Schema and explains each error. jsonschema finds the errors.

Rules, so that a hostile file costs little:

* Types are exact: `true` and 1.0 are not integers.
* Patterns are RE2's and take linear time. `$` matches only at the end of the text, not before a
  final line feed.
* The formats in FORMATS are checked.
* A `$ref` to another document is never fetched.
* At most MAX_FAULTS errors are reported, and one pass finds duplicate items.

This module knows no files: the `path` of a ValueFault is relative to the value.
"""
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from platform.check.words import TYPES, misspellings, shown, suggestion
from platform.model import patterns
from platform.model.digest import canonical_json
from platform.model.formats import DATES, FORMATS
from platform.model.problem import Path
from platform.model.words import counted

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MAX_FAULTS = 100
_SCALARS = "any scalar conforms"  # a $comment in our schemas
_YAML_1_1 = re.compile(r"(?i:yes|no|on|off|y|n)")


class ValueFault(NamedTuple):
    """An error of the value at `path`. `key`: the error is in the field's name, not its value."""

    path: Path
    code: str
    what: str
    fix: str
    key: bool = False


def validator(schema: Mapping[str, Any]) -> "Validator":
    """A validator of a schema. Keep it: creating one costs a hundred times as much as using it."""
    from jsonschema import FormatChecker
    from referencing import Registry

    checker = FormatChecker(formats=())
    for name, holds in FORMATS.items():
        checker.checks(name)(holds)
    made: Validator = _exact()(schema, format_checker=checker, registry=Registry())
    return made


@lru_cache(maxsize=1)
def _exact() -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not _has(wanted, value):
            yield ValidationError("pattern")

    def unique(_: Any, wanted: bool, value: Any, __: Any) -> Iterator[ValidationError]:
        if (
            wanted
            and isinstance(value, list | tuple)
            and len({canonical_json(item) for item in value}) < len(value)
        ):
            yield ValidationError("unique")

    def multiple(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[ValidationError]:
        from fractions import Fraction  # exact for numbers of every size

        if _is_finite(value) and Fraction(repr(value)) % Fraction(repr(wanted)):
            yield ValidationError("multipleOf")

    def items(
        held: Any, wanted: Any, value: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        if not isinstance(value, list | tuple):
            return
        if "prefixItems" in schema or not isinstance(wanted, Mapping):
            yield from Draft202012Validator.VALIDATORS["items"](held, wanted, value, schema) or ()
            return
        for index, item in enumerate(value[:schema.get("maxItems")]):  # `maxItems` reports the rest
            if not _sure(wanted, item):
                yield from held.descend(item, wanted, path=index)

    def additional(
        held: Any, wanted: Any, value: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        if not (
            isinstance(wanted, Mapping)
            and _SCALARS in wanted.values()
            and isinstance(value, Mapping)
        ):
            yield from (
                Draft202012Validator.VALIDATORS["additionalProperties"](held, wanted, value, schema)
                or ()
            )
            return
        for name, item in value.items():
            if name not in schema.get("properties", ()) and not _sure(wanted, item):
                yield from held.descend(item, wanted, path=name)

    extend: Any = validators.extend  # untyped in the stubs

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        "array": lambda _, value: isinstance(value, list | tuple),
        "object": lambda _, value: isinstance(value, Mapping)})
    rules = {"multipleOf": multiple, "pattern": pattern, "uniqueItems": unique, "items": items,
             "additionalProperties": additional}
    return extend(Draft202012Validator, rules, type_checker=types)


def _sure(wanted: Mapping[str, Any], item: Any) -> bool:
    """Whether an item conforms because it is a scalar and the schema's $comment allows all scalars.

    Validation takes 0.1 ms for an item, so it would take seconds for a list that fills its file."""
    return wanted.get("$comment") == _SCALARS and not isinstance(item, Mapping | list | tuple)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _has(wanted: str, text: str) -> bool:
    """Whether a text contains the pattern. An invalid pattern is in no text: `bad-pattern` reports
    it."""
    pattern = patterns.compiled(wanted)
    return isinstance(pattern, patterns.Pattern) and pattern.found_in(text)


def faults(schema: "Validator", value: Any, whole: str = "the file") -> list[ValueFault]:
    """The errors of `value`, at most MAX_FAULTS. Messages call the value itself `whole`."""
    return list(islice(_all(schema, value, whole), MAX_FAULTS))


def _all(schema: "Validator", value: Any, whole: str) -> Iterator[ValueFault]:
    reported = set()
    for error in schema.iter_errors(value):
        path = tuple(error.absolute_path)
        if error.validator in ("required", "additionalProperties"):
            if (path, error.validator) in reported:
                continue  # jsonschema has one error a field; `_explained` reports all at once
            reported.add((path, error.validator))
        yield from _explained(error, path, _name(path, whole))


def _explained(error: Any, path: Path, name: str) -> Iterator[ValueFault]:
    wanted, value = error.validator_value, error.instance
    seen = "this value" if error.schema.get("writeOnly") else shown(value)  # never show a secret
    match error.validator:
        case "additionalProperties":
            yield from _unknown(error, path, name)
        case "required":
            strict = error.schema.get("additionalProperties", True) is False
            misspelt = _misspelt(error.schema, value).values() if strict else ()
            for field in wanted:
                if field not in value and field not in misspelt:
                    yield ValueFault(
                        (*path, field), "missing-field", f"{name} has no `{field}`", "add it"
                    )
        case "type":
            yield wrong_type(path, name, wanted, value, seen)
        case "enum" | "const":
            allowed = [str(item) for item in (wanted if error.validator == "enum" else [wanted])]
            yield ValueFault(
                path, "not-allowed", f"{name} cannot be {seen}", suggestion(str(value), allowed)
            )
        case "format" if wanted == "regex":
            yield ValueFault(
                path,
                "bad-pattern",
                f"{name} cannot be used ({patterns.compiled(value)})",
                "write it in the syntax of RE2: no look-around, no back-references",
            )
        case "pattern" | "format":
            form = error.schema.get("title") or f"of the form {wanted}"
            code = "bad-date" if wanted in DATES else "bad-form"
            yield ValueFault(path, code, f"{name} cannot be {seen}", f"write {form}")
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf":
            bound = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "more than",
                "exclusiveMaximum": "less than",
                "multipleOf": "a multiple of",
            }[error.validator]
            yield ValueFault(
                path, "out-of-range", f"{name} is {seen}", f"write {bound} {shown(wanted)}"
            )
        case (
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
        ):
            bound = "at least" if error.validator.startswith("min") else "at most"
            length = counted(
                len(value), "character" if error.validator.endswith("Length") else "item"
            )
            yield ValueFault(
                path, "wrong-length", f"{name} has {length}", f"give it {bound} {wanted}"
            )
        case "uniqueItems":
            first, again = _duplicate(value)
            yield ValueFault(
                (*path, again),
                "not-unique",
                f"item {again + 1} of {name} is a duplicate of item {first + 1}",
                "remove one of them",
            )
        case other:
            yield ValueFault(
                path,
                "not-valid",
                f"{name} {seen} breaks the rule `{other}` of its schema",
                "read the field's description in the schema",
            )


def _duplicate(items: Sequence[Any]) -> tuple[int, int]:
    """The indexes of the first duplicate: of the first of the two items, and of the second."""
    seen: dict[bytes, int] = {}
    for index, item in enumerate(items):
        first = seen.setdefault(canonical_json(item), index)
        if first != index:
            return first, index
    raise ValueError("there is no duplicate item")


def _unknown(error: Any, path: Path, name: str) -> Iterator[ValueFault]:
    known = error.schema.get("properties", {})
    misspelt = _misspelt(error.schema, error.instance)
    for field in error.instance:
        if field not in known:
            free = [other for other in known if other not in error.instance]
            yield ValueFault((*path, field), "unknown-field", f"{name} has no field {shown(field)}",
                        suggestion(field, free or known, missing=misspelt.get(field, "")), key=True)


def _misspelt(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, str]:
    """The missing required field that each unknown field probably means, in a strict schema."""
    return misspellings(value, schema.get("properties", {}), schema.get("required", ()))


def wrong_type(
    path: Path, name: str, wanted: str | list[str], value: Any, seen: str = ""
) -> ValueFault:
    """The error of a value of another type than `wanted`, with a fix that suits the value's type.

    `seen` is the value as the message shows it.
    """
    words = " or ".join(TYPES[item] for item in ([wanted] if isinstance(wanted, str) else wanted))
    what = f"{name} must be {words}, not {seen or shown(value)}"
    if value is None:
        return ValueFault(path, "wrong-type", what, "give it a value, or remove the line")
    if wanted == "boolean" and isinstance(value, str):
        if _YAML_1_1.fullmatch(value):
            return ValueFault(path, "yaml-boolean",
                              f"{what}: only YAML 1.1 reads that as a boolean",
                              "write true or false")
        return ValueFault(path, "wrong-type", what, "write true or false, without quotes")
    if wanted == "string" and isinstance(value, bool | int | float):
        return ValueFault(path, "wrong-type", what, "put it in quotes")
    if wanted in ("integer", "number") and isinstance(value, str):
        return ValueFault(path, "wrong-type", what, "write a number, without quotes")
    return ValueFault(path, "wrong-type", what, f"write {words}")


def _name(path: Path, whole: str) -> str:
    """`topic`, `item 3 of queries`, or `whole` if the path is empty."""
    if not path:
        return whole
    last = path[-1]
    if isinstance(last, int):
        return f"item {last + 1} of {f'`{path[-2]}`' if len(path) > 1 else whole}"
    return f"`{last}`"
