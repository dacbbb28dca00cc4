"""The inputs that a module's author writes on a command line: `--input ID=VALUE`, checked against
the contract's ports.

    ID=VALUE    a text as it is, or a value of another type as an order would contain it (YAML)
    ID=@PATH    the same from a file; for a port of the type file or dir: that file or directory
    ID=@@TEXT   a text that begins with @
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform.check.conform import ValueFault
from platform.check.values import value_faults
from platform.check.words import suggestion
from platform.config.read import MAX_BYTES, read_yaml
from platform.config.text import decode, read_named, shown_file
from platform.errors import InputError, UsageError
from platform.files import is_folder
from platform.model.characters import one_line
from platform.model.contract import Contract, InputPort
from platform.model.order import Value
from platform.model.problem import Problem
from platform.verify.selftest import with_fixtures

_LARGEST_TEXT = 16 << 20  # bytes; as much as a selector reads from a bound file


@dataclass(frozen=True, slots=True)
class Given:
    """`values` are literals, which can contain maps `{fixture: path}`. `paths` are the files and
    directories of the ports that take one."""

    values: dict[str, Value]
    paths: dict[str, Path]


def given_inputs(contract: Contract, words: Sequence[str]) -> Given:
    """The inputs of the arguments of `--input`.

    Raises:
        UsageError: an argument is not ID=VALUE, or its id is unknown or given twice.
        InputError: a port does not accept its value, a file cannot be read, or a required input is
            missing. It names all such inputs.
    """
    texts = _texts(contract, words)
    given, problems = Given({}, {}), list[object]()
    for port_id, text in texts.items():
        problems += _take(contract.inputs[port_id], text, given)
    for port in contract.inputs.values():
        if port.required and port.default is None and port.id not in texts:
            wanted = "@PATH" if port.type in ("file", "dir") else "VALUE"
            problems.append(_line(port, ValueFault(
                (), "missing-input", f"{contract.module_id} needs the input `{port.id}`",
                f"add --input {port.id}={wanted}")))
    if problems:
        raise InputError(problems)
    return given


def _texts(contract: Contract, words: Sequence[str]) -> dict[str, str]:
    """The text of each input by its id."""
    texts: dict[str, str] = {}
    for word in words:
        port_id, equals, text = word.partition("=")
        shown = one_line(word[:60])
        if not equals:
            raise UsageError(f"--input {shown!r} has no =; write --input {shown}=VALUE or "
                             f"--input {shown}=@FILE")
        if not port_id:
            raise UsageError(f"--input {shown!r} names no input; write --input INPUT=VALUE")
        name = one_line(port_id[:60])
        if port_id not in contract.inputs:
            raise UsageError(f"--input {name}: {contract.module_id} has no input `{name}`; "
                             + suggestion(port_id, contract.inputs, "see its module.yml"))
        if port_id in texts:
            raise UsageError(f"--input {name}: is given twice; give it once")
        texts[port_id] = text
    return texts


def _take(port: InputPort, text: str, given: Given) -> Iterator[object]:
    """Add an input to `given`, or yield its problems."""
    if port.type in ("file", "dir"):
        yield from _take_path(port, text, given)
        return
    value = _value(port, text)
    if isinstance(value, tuple):
        yield from value
        return
    faults = value_faults(port, with_fixtures(value, []))
    yield from (_line(port, fault) for fault in faults)
    if not faults:
        given.values[port.id] = value


def _take_path(port: InputPort, text: str, given: Given) -> Iterator[object]:
    what = "file" if port.type == "file" else "directory"
    if not text.startswith("@"):
        yield _line(port, ValueFault((), "wrong-type",
                                     f"`{port.id}` takes a {what}, not `{one_line(text[:60])}`",
                                     f"write --input {port.id}=@PATH"))
        return
    path = Path(text[1:])
    if is_folder(path) and port.type == "dir":
        given.paths[port.id] = path
        return
    found = read_named(path, text[1:], 0)
    if isinstance(found, Problem):
        yield found
    elif port.type == "dir":
        yield _line(port, ValueFault(
            (), "wrong-type",
            f"`{port.id}` takes a directory, and {shown_file(text[1:])} is a file",
            "name a directory"))
    else:
        given.paths[port.id] = path


def _value(port: InputPort, text: str) -> Value | tuple[Problem, ...]:
    """The value of a text, or its problems."""
    file = f"--input {port.id}"
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        file, limit = text[1:], _LARGEST_TEXT if port.type == "string" else MAX_BYTES
        data = read_named(Path(file), file, limit)
        found = data if isinstance(data, Problem) else decode(data, shown_file(file), limit)
        if isinstance(found, Problem):
            return (found,)
        text = found
    if port.type == "string":
        return text
    document = read_yaml(text.encode("utf-8", "surrogateescape"), shown_file(file))
    return document.problems or document.value


def _line(port: InputPort, fault: ValueFault) -> str:
    """A fault of a value on the command line, which has no line and column."""
    return f"--input {port.id}: error[{fault.code}]: {fault.what}; {fault.fix}"
