"""Words for messages: values shown safely on one line, and suggestions for misspelt names."""
import json
from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from typing import Any

from platform.model.characters import visible
from platform.model.words import shortened

LONGEST_VALUE = 60
_LISTED = 20  # choices in a message
_MANY = 200  # names; comparing with more of them takes too long for a suggestion

TYPES = {"string": "a string", "integer": "an integer", "number": "a number",
         "boolean": "true or false", "array": "a list", "object": "a map", "null": "null"}


def shown(value: Any) -> str:
    """A value on one short line, with control characters escaped."""
    if isinstance(value, dict):
        return f"a map of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return f"`{visible(shortened(str(value), LONGEST_VALUE))}`"


def nearest(name: str, names: Iterable[str]) -> str:
    """The most similar of `names`; empty if none is similar."""
    if len(name) > LONGEST_VALUE:
        return ""
    known = list(names)
    if len(known) > _MANY:
        known = nlargest(_MANY, known, key=lambda other: _shared(name, other))
    folded = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def _shared(name: str, other: str) -> int:
    """The length of the common prefix of two names."""
    return next(
        (index for index, (one, two) in enumerate(zip(name, other, strict=False)) if one != two),
        min(len(name), len(other)),
    )


def misspellings(names: Iterable[str], known: Iterable[str],
               required: Iterable[str]) -> dict[str, str]:
    """The missing `required` name that each unknown one of `names` probably means, by unknown name.

    That is the most similar name. If an unknown name is similar to none of `known`, it is the first
    required name that is left. The message about the unknown name suggests it, so one mistake is
    reported once."""
    names, known = list(names), list(known)
    free = [name for name in known if name not in names]
    left = [name for name in required if name in free]
    found: dict[str, str] = {}
    unknown = [(name, nearest(name, free)) for name in names if name not in known]
    for name, near in unknown:
        if near in left:
            found[name] = near
            left.remove(near)
    for name, near in unknown:
        if not near and left:
            found[name] = left.pop(0)
    return found


def suggestion(name: str, names: Iterable[str], none: str = "remove it", missing: str = "") -> str:
    """A fix for an unknown name: the most similar name, or all names if they are few, otherwise
    `none`. `missing` is a required name that this one probably means."""
    known = sorted(set(names))
    near = nearest(name, known)
    if near:
        return f"did you mean `{near}`?"
    if missing:
        return f"write `{missing}`, which is missing"
    if not known:
        return none
    if len(known) == 1:
        return f"write `{known[0]}`"
    return "write one of " + ", ".join(known) if len(known) <= 12 else none


def choices(name: str, names: Iterable[str]) -> str:
    """A fix for a name that a form takes as text: the most similar names, and the choices."""
    known = sorted(set(names))
    near = get_close_matches(name, known, n=3, cutoff=0.6) if len(name) <= LONGEST_VALUE else []
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    there = f"the choices are {', '.join(known[:_LISTED])}{more}" if known else "there is none"
    return f"did you mean {' or '.join(near)}? {there}" if near else there
