"""JSON that a program wrote and a person hands us (a proof, a saved quote, a statement): a value, or one problem with
its place. Nobody mends such a file by hand, so what to do about any problem is the caller's `cure`.
"""
import json
from dataclasses import replace
from typing import Any

from platform.check.words import shown
from platform.config.text import decode, shown_file
from platform.model.problem import Problem, SourcePosition


class _Twice(ValueError):
    """A key stands twice in one map: it means one thing to one reader and another to the next."""


def read_json(data: bytes, file: str, cure: str, limit: int) -> Any:
    """The value of the JSON file named `file`, of at most `limit` bytes; a `Problem` when it is none."""
    file = shown_file(file)
    text = decode(data, file, limit)
    if isinstance(text, Problem):
        return replace(text, cure=cure)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        return Problem(
            SourcePosition(file, error.lineno, error.colno),
            "not-json",
            "what begins here is not JSON",
            cure,
        )
    except RecursionError:
        return Problem(
            SourcePosition(file), "not-json", "lists and maps are nested without end", cure
        )
    except _Twice as error:
        return Problem(
            SourcePosition(file), "duplicate-key", f"{error} stands twice in one map", cure
        )
    except ValueError:  # all that is left: thousands of digits
        return Problem(
            SourcePosition(file),
            "number-too-large",
            "there is a number that is too long to be read",
            cure,
        )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(shown(key))
        found[key] = value
    return found
