"""Whether a module's port accepts a value: exact type, format, and the port's own schema.

Used before a run for the values that a tenant wrote, and by `run` for the values of bindings. The
value of a binding is unknown until its step has run, so these checks skip bindings, and the rules
that depend on them.
"""
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from platform.check.conform import ValueFault, faults, validator, wrong_type
from platform.check.words import shown
from platform.model.addresses import address_fault
from platform.model.characters import is_line_break, name_of, refused_in
from platform.model.contract import Contract, InputPort
from platform.model.digest import canonical_json
from platform.model.formats import DATES, FORMATS, cron_fault
from platform.model.order import Binding, Selector, Value, bindings_in
from platform.model.patterns import extent_of, work_of
from platform.model.problem import Path

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_STEPS = 1_000_000  # rules times items: 5 to 10 seconds
MOST_STATES = 200_000_000  # states of patterns times characters: 5 seconds if RE2 tries them all
# The errors that a list or map can have although an item in it is still unknown.
_OUTER = frozenset({"wrong-type", "missing-field", "unknown-field", "wrong-length"})


def has_type(value: Value, wanted: str) -> bool:
    """Whether a value has a type, exactly: `true` is not a number, 1.0 is not an integer, and null
    has none of the types."""
    match wanted:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
        case _:
            return False  # file and dir: only a binding can be one


def takes_null(port: InputPort) -> bool:
    """Whether null is a value of the port: its schema has a type list with null in it."""
    types = port.schema.get("type")
    return isinstance(types, list | tuple) and "null" in types


def value_faults(port: InputPort, value: Value) -> list[ValueFault]:
    """Why `port` does not accept `value`; paths are relative to the value. A Binding has no faults
    here."""
    if isinstance(value, Binding):
        return []
    name = f"`{port.id}`"
    if port.type in ("file", "dir"):
        return [ValueFault((), "wrong-type", f"{name} takes a {port.type}, not {shown(value)}",
                           "bind it: {from_step, output_id}, or {asset: path}")]
    if not has_type(value, port.type) and not (value is None and takes_null(port)):
        return [wrong_type((), name, port.type, value)]
    found = [
        fault for fault in (_format(port, path, text) for path, text in _texts(value)) if fault
    ]
    if port.schema:
        if fault := _too_much(port, value):
            return [fault]
        bound = [path for path, _ in bindings_in(value)]
        plain = _plain(value) if bound else value
        known, case = _known.get(), b""
        if known is not None:
            with suppress(ValueError):  # not JSON that can be written: NaN, a lone surrogate
                case = canonical_json([port.schema, plain, bound])
        if known is not None and case and known.holds(VALUE, case):
            return found
        wrong = [fault for fault in faults(_validator(canonical_json(port.schema)), plain, name)
                 if not bound or _knowable(fault, bound)]
        if known is not None and case and not wrong:
            known.add(VALUE, case)
        found += wrong
    return found


VALUE = "port value"  # the kind of what `KnownValues` contains of this module


class KnownValues(Protocol):
    """What was checked before and has no fault, by its kind and bytes. It may forget anything."""

    def holds(self, kind: str, data: bytes) -> bool: ...
    def add(self, kind: str, data: bytes) -> None: ...


# A cache of the answers of this module, as `lru_cache` is one. With the answers of earlier
# processes, a run with nothing to do does not import jsonschema, a fifth of its time.
_known: ContextVar[KnownValues | None] = ContextVar("known", default=None)


@contextmanager
def knowing(known: KnownValues) -> Iterator[None]:
    """Use `known`, and add to it, in this block of this thread."""
    token = _known.set(known)
    try:
        yield
    finally:
        _known.reset(token)


@dataclass(frozen=True, slots=True)
class CheckedParams:
    """The params of one step, checked against their ports. Only `check_selected` creates it."""

    values: Mapping[str, Any]


def check_selected(contract: Contract, ordered: Mapping[str, Value],
                   params: Mapping[str, Any]) -> CheckedParams | str:
    """Check the values that selectors read from files against their ports. The literals in
    `ordered` were checked before anything was charged; the files exist only now.

    `params` is `ordered` with values instead of the bindings. Returns the checked params, or a
    message about the first input that is refused.
    """
    for port_id, given in ordered.items():
        port = contract.inputs.get(port_id)
        if port and any(binding.selector is not Selector.FILE for _, binding in bindings_in(given)):
            found = value_faults(port, _selected_in(given, params[port_id]))
            if found:
                what, fix = found[0].what, found[0].fix
                name = f"`{port_id}`"
                return f"input: {what}; {fix}" if name in what else f"input {name}: {what}; {fix}"
    return CheckedParams(params)


def _selected_in(given: Any, value: Any) -> Any:
    """The ordered value, with selected values instead of their bindings; files remain bindings."""
    if isinstance(given, Binding):
        return given if given.selector is Selector.FILE else value
    if isinstance(given, Mapping):
        return {name: _selected_in(item, value[name]) for name, item in given.items()}
    if isinstance(given, list | tuple):
        return [_selected_in(item, found) for item, found in zip(given, value, strict=True)]
    return given


def _too_much(port: InputPort, value: Value) -> ValueFault | None:
    """The fault of a value that would take too long to check. In the worst case, every rule is
    checked against every item, and every pattern against every character."""
    rules, states = _work(canonical_json(port.schema))
    items, characters = extent_of(value)
    if rules * items <= MOST_STEPS and states * characters <= MOST_STATES:
        return None
    return ValueFault((), "too-complex", f"`{port.id}` is too large for its schema ({items} items "
                      f"and {characters} characters for {rules} rules and {states} states of "
                      "patterns)", "shorten the value, or simplify the schema")


@lru_cache(maxsize=1024)
def _work(schema: bytes) -> tuple[int, int]:
    return work_of(json.loads(schema))


def _knowable(fault: ValueFault, bound: list[Path]) -> bool:
    """Whether a fault does not depend on the values of the bindings: it is not at or inside one,
    and a fault of a list or map around one is of a kind in `_OUTER`."""
    at_or_below = any(fault.path[:len(path)] == path for path in bound)
    above = any(path[:len(fault.path)] == fault.path for path in bound)
    return not at_or_below and (not above or fault.code in _OUTER)


def _plain(value: Value) -> Value:
    if isinstance(value, Binding):
        return None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@lru_cache(maxsize=1024)
def _validator(schema: bytes) -> "Validator":
    return validator(json.loads(schema))


def _texts(value: Value) -> list[tuple[Path, str]]:
    """The strings to which a port's format applies: the value, or the items of a list."""
    if isinstance(value, str):
        return [((), value)]
    return [((index,), item) for index, item in enumerate(value) if isinstance(item, str)] \
        if isinstance(value, list | tuple) else []


def _format(port: InputPort, path: Path, text: str) -> ValueFault | None:
    name, known = f"`{port.id}`", port.format
    refused = refused_in(text) if known in ("email", "line") else ""
    if refused:
        code = "header-injection" if is_line_break(refused) else "control-character"
        where = f"at character {text.index(refused) + 1}"
        return ValueFault(path, code, f"{name} has {name_of(refused)} {where}",
                          "write it on one line" if is_line_break(refused) else "remove it")
    if known == "email" and not FORMATS["email"](text):
        several = text.count("@") > 1 or any(mark in text for mark in ",;")
        if several:
            return ValueFault(
                path,
                "two-recipients",
                f"{name} names more than one recipient",
                "write one, and add a step for each other one",
            )
        return ValueFault(
            path,
            "bad-address",
            f"{name} {shown(text)} is not a mail address: it {address_fault(text)}",
            "write name@example.com",
        )
    if known == "cron" and (fault := cron_fault(text)):
        return ValueFault(
            path,
            "bad-cron",
            f"{name} {shown(text)} {fault}",
            "write five fields, such as 0 6 * * 1",
        )
    if known in DATES and not FORMATS[known](text):
        return ValueFault(
            path,
            "bad-date",
            f"{name} {shown(text)} is not a valid date or time",
            "write 2026-11-24",
        )
    return None
