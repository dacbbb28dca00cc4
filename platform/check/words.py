"""Words for people: values shown safely in one line, and the name that was probably meant."""
import json
from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from typing import Any

from platform.model.characters import visible
from platform.model.words import shortened

LONGEST = 60
_MANY = 200  # names; comparing with more of them costs more than the hint is worth

TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
         "array": "a list", "object": "a map", "null": "nothing"}


def shown(value: Any) -> str:
    """A value in one short line, control characters escaped."""
    if isinstance(value, dict):
        return f"a map of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return f"`{visible(shortened(str(value), LONGEST))}`"


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that is most like `name`, or nothing."""
    if len(name) > LONGEST:
        return ""
    known = list(names)
    if len(known) > _MANY:
        known = nlargest(_MANY, known, key=lambda other: _shared(name, other))
    folded = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def _shared(name: str, other: str) -> int:
    """How many characters two names begin with alike."""
    return next((index for index, (one, two) in enumerate(zip(name, other, strict=False)) if one != two),
                min(len(name), len(other)))


def stands_for(names: Iterable[str], known: Iterable[str],
               required: Iterable[str]) -> dict[str, str]:
    """Which `required` name that is not there each unknown one of `names` stands for: the one that
    it is most like or, where it is like none of `known`, the first that is left. The error of the
    unknown name proposes it, and one mistake is told once."""
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


def meant(name: str, names: Iterable[str], none: str = "remove it", needed: str = "") -> str:
    """A cure for an unknown name: the one that was probably meant, or all there are when they are few. `needed`: the
    name that is missing where this one stands."""
    known = sorted(set(names))
    near = nearest(name, known)
    if near:
        return f"did you mean `{near}`?"
    if needed:
        return f"write `{needed}`, which is missing"
    if not known:
        return none
    if len(known) == 1:
        return f"write `{known[0]}`"
    return "write one of " + ", ".join(known) if len(known) <= 12 else none

