"""Changes single fields in the text of a YAML file, and leaves the rest as its author wrote it:
comments, order, quotes and line ends. Pure.

The text must have been read without problems (`config.read`): one document, no aliases, no
duplicate keys, limited depth. A change names its field by its path, which other changes do not
alter: items of lists are removed at the end, the last one first. Every result is read again and
compared with what the same changes make of the value; a layout that this file does not understand
is refused, not guessed.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import yaml

from platform.model.problem import Path
from platform.scaffold.text import flow


class CannotEdit(ValueError):
    """The layout of the text at `path` is not understood. `args[0]` is the path in words."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a field, and its line if nothing else is on it."""

    path: Path


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a field another name."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Put another field in the place of one."""

    path: Path
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Add:
    """Add a field at the end of the map at `path`, which exists."""

    path: Path
    name: str
    value: Any


Change: TypeAlias = Remove | Rename | Replace | Add


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


def edited(text: str, changes: Sequence[Change]) -> str:
    """The text after all changes. CannotEdit if a change does not fit the text's layout."""
    left = list(changes)
    wanted = _changed(_value(text), left)
    while left:
        text, left = _pass(text, left)
    try:
        found = _value(text)
    except yaml.YAMLError as error:
        raise CannotEdit("the file") from error
    if found != wanted:
        raise CannotEdit("the file")
    return text


def fields_of(text: str) -> frozenset[str]:
    """The names of the outermost fields of a text."""
    return frozenset(_value(text))


def _changed(value: Any, changes: Sequence[Change]) -> Any:
    """What the changes make of the value of a text."""
    for change in changes:
        holder = _at(value, change.path if isinstance(change, Add) else change.path[:-1])
        if isinstance(change, Add):
            holder[change.name] = _value(flow(change.value))
            continue
        old = holder.pop(change.path[-1])
        if isinstance(change, Rename):
            holder[change.name] = old
        elif isinstance(change, Replace):
            holder[change.name] = _value(flow(change.value))
    return value


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _value(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CBaseLoader)  # texts only, no types


def _pass(text: str, changes: list[Change]) -> tuple[str, list[Change]]:
    """The text after those changes that do not touch each other, and the changes that are left."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    splices = sorted((_splice(text, root, change), number)
                     for number, change in enumerate(changes))
    parts, at, done = [], -1, set()
    for (start, end, new), number in splices:
        if start > at:
            parts += [text[max(at, 0):start], new]
            at = end
            done.add(number)
    parts.append(text[max(at, 0):])
    return "".join(parts), [each for number, each in enumerate(changes) if number not in done]


def _splice(text: str, root: Any, change: Change) -> _Splice:
    if isinstance(change, Add):
        return _added(text, _node(root, change.path), change)
    holder = _node(root, change.path[:-1])
    entries = holder.value
    index = next(number for number, (key, _) in enumerate(entries)
                 if key.value == change.path[-1])
    key, value = entries[index]
    if isinstance(change, Rename):
        return _Splice(key.start_mark.index, key.end_mark.index, change.name)
    end = _end(text, value)
    if isinstance(change, Replace):
        return _Splice(key.start_mark.index, end, f"{change.name}: {flow(change.value)}")
    if holder.flow_style:
        return _removed_in_flow(text, entries, index)
    return _removed_in_block(text, entries, index, end)


def _node(root: Any, path: Path) -> Any:
    """The node at a path."""
    for part in path:
        if isinstance(part, int):
            root = root.value[part]
        else:
            root = next(value for key, value in root.value if key.value == part)
    return root


def _end(text: str, node: Any) -> int:
    """The index behind a node's last character: a block ends with its last value, not where the
    next token begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        start, end = node.start_mark.index, node.end_mark.index
        # `|` and `>` end where the next token begins
        return int(start) + len(text[start:end].rstrip())
    last = node.value[-1]
    return _end(text, last[1] if isinstance(node, yaml.MappingNode) else last)


def _removed_in_flow(text: str, entries: list[Any], index: int) -> _Splice:
    key, value = entries[index]
    if index + 1 < len(entries):
        return _Splice(key.start_mark.index, entries[index + 1][0].start_mark.index, "")
    if index:
        return _Splice(_end(text, entries[index - 1][1]), _end(text, value), "")
    return _Splice(key.start_mark.index, _end(text, value), "")


def _removed_in_block(text: str, entries: list[Any], index: int, end: int) -> _Splice:
    start = entries[index][0].start_mark.index
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end) + 1 or len(text)
    if not text[line:start].strip():
        above, next_ = text[:line].splitlines()[-1:], text[after:].partition("\n")[0]
        if above and not above[0].strip() and not next_.strip() and after < len(text):
            after += len(next_) + 1  # one empty line stays, not two
        return _Splice(line, after, "")
    if index + 1 == len(entries) or text[line:start].strip(" -"):
        raise CannotEdit("a field that shares its line")
    # `- first: 1`: the next field follows the hyphen; comments between the two stay
    rest = text[after:entries[index + 1][0].start_mark.index]
    return _Splice(start, after + len(rest) - len(rest.lstrip(" \r\n")), "")


def _added(text: str, holder: Any, change: Add) -> _Splice:
    entry = f"{change.name}: {flow(change.value)}"
    if holder.flow_style:
        end = holder.end_mark.index - 1  # the closing bracket
        if not holder.value:
            return _Splice(end, end, entry)
        last = _end(text, holder.value[-1][1])
        return _Splice(last, last, f", {entry}")
    end = _end(text, holder.value[-1][1])
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    indent = " " * holder.value[0][0].start_mark.column
    line_end = "\r\n" if text[:stop].endswith("\r") else "\n"
    stop -= line_end == "\r\n"
    return _Splice(stop, stop, f"{line_end}{indent}{entry}")
