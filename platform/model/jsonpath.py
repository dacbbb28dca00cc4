"""The subset of JSONPath that a binding may use: `$`, `.name`, `['name']`, `[0]`.

A path selects one value.
"""
import re
from typing import Any

_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d{1,9})\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")


def parse(path: str) -> tuple[str | int, ...]:
    """The parts of a path: `$.a.b[0]` is ("a", "b", 0). Raises ValueError for an invalid path."""
    if not path.startswith("$"):
        raise ValueError(f"json_path {path!r} must begin with $")
    parts: list[str | int] = []
    position = 1
    while position < len(path):
        found = _PART.match(path, position)
        if found is None:
            raise ValueError(f"json_path {path!r} is invalid at {path[position:]!r}")
        name, index, quoted, double = found.groups()
        parts.append(int(index) if index is not None else name or quoted or double or "")
        position = found.end()
    return tuple(parts)


def find(value: Any, path: str) -> Any:
    """The value at `path`. Raises LookupError, which names the part that is missing, if there is
    none; raises ValueError if the path is invalid."""
    reached = "$"
    for part in parse(path):
        named = isinstance(value, dict) and part in value
        numbered = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not named and not numbered:
            raise LookupError(f"{path} does not exist: {reached} has no {part!r}")
        value = value[part]
        reached += f"[{part}]" if isinstance(part, int) else f".{part}"
    return value
