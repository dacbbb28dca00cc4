"""Selects a binding's value from the bytes of the bound file. Pure: the bytes are an argument."""
from typing import Any

from platform.model import jsonpath, jsontext
from platform.model.order import Binding, Selector


class SelectError(ValueError):
    """The selector cannot read the bound file. The message follows the file's name, and says where
    the error is."""


def select(data: bytes, binding: Binding) -> Any:
    """The JSON value that `binding` selects from a file's bytes (UTF-8).

    Raises SelectError if the value does not exist, or if canonical JSON cannot write it."""
    value = _selected(data, binding)
    try:
        jsontext.require_writable(value)
    except jsontext.NotJson as error:
        raise SelectError(str(error)) from error
    return value


def _selected(data: bytes, binding: Binding) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SelectError(f"is not UTF-8 text (byte {error.start})") from error
    match binding.selector:
        case Selector.TEXT:
            return text
        case Selector.LINES:
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            return lines[: binding.take]
        case Selector.JSON:
            return _find(_parse(text, 1), binding)
        case Selector.JSONL:
            return [_find(value, binding) for value in _objects(text, binding.take)]
        case Selector.JSONL_FIRST:
            first = _objects(text, 1)
            if not first:
                raise SelectError("has no lines")
            return _find(first[0], binding)
        case Selector.FILE:
            raise ValueError("selector file means the file itself, not a value in it")


def _objects(text: str, take: int | None) -> list[Any]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [_parse(line, number) for number, line in lines[:take]]


def _parse(text: str, line: int) -> Any:
    try:
        return jsontext.read_any_depth(text)
    except jsontext.NotJson as error:
        if error.line:
            at = f"line {line + error.line - 1}, column {error.column}"
            raise SelectError(f"{error} in {at}") from error
        raise SelectError(f"{error}, in the text that begins on line {line}") from error


def _find(value: Any, binding: Binding) -> Any:
    if not binding.json_path:
        return value
    try:
        return jsonpath.find(value, binding.json_path)
    except LookupError as error:
        raise SelectError(str(error.args[0])) from error
