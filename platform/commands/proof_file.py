"""Proof files read: bytes that anybody may have written become a Proof, or problems with a place."""
import json
from pathlib import Path
from typing import Any

from platform.config.schema import problems_of, schema_faults
from platform.config.text import read_bytes
from platform.errors import InputError
from platform.model.problem import Place, Problem, Source
from platform.report.proof import Proof, from_json

_LARGEST = 8 << 20  # bytes: a line of the journal and a few hashes


def read_proof(name: str) -> Proof:
    """The head or proof in a file. InputError when it is none, or not there."""
    data = read_bytes(Path(name), name, _LARGEST, follow=True)
    if isinstance(data, Problem):
        raise InputError([data])
    try:
        value = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # the latter: lists in lists, thousands deep
        raise InputError([_no_proof(name, f"is not JSON ({error})")]) from error
    if found := schema_faults("ledger_proof", value, "the proof"):
        raise InputError(list(problems_of(found, Source(name))))
    try:
        return from_json(value)
    except ValueError as error:
        raise InputError([_no_proof(name, str(error))]) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice means one thing to one reader and another to the next."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one map")
    return dict(pairs)


def _no_proof(name: str, what: str) -> Problem:
    return Problem(Place(name), "not-valid", what, "take the file as `ledger proof` or `ledger head` wrote it")
