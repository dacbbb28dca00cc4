"""Reads JSON that a program wrote and a person passes on: a proof, a saved quote or a statement.

The result is a value, or one problem with its place. Nobody edits such a file by hand, so the
caller gives the `fix` for any problem.
"""
import json
from dataclasses import replace
from typing import Any

from platform.check.words import shown
from platform.config.text import decode, shown_file
from platform.model.problem import Problem, SourcePosition


class _Duplicate(ValueError):
    """A map has a duplicate key. Readers differ in which value they use."""


def read_json(data: bytes, file: str, fix: str, limit: int) -> Any:
    """The value of the JSON file named `file`, or a `Problem` if it is not JSON or has more than
    `limit` bytes. `fix` is what to do about any problem."""
    file = shown_file(file)
    text = decode(data, file, limit)
    if isinstance(text, Problem):
        return replace(text, fix=fix)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        at = SourcePosition(file, error.lineno, error.colno)
        return Problem(at, "not-json", "this is not JSON", fix)
    except RecursionError:
        return Problem(
            SourcePosition(file), "not-json", "lists and maps are nested too deeply", fix
        )
    except _Duplicate as error:
        return Problem(
            SourcePosition(file), "duplicate-key", f"a map has the duplicate key {error}", fix
        )
    except ValueError:  # the only remaining cause: thousands of digits
        return Problem(
            SourcePosition(file), "number-too-large", "a number has too many digits", fix
        )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Duplicate(shown(key))
        found[key] = value
    return found
