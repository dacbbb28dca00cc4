"""The small part of JSONPath that a binding may use: `$`, `.name`, `['name']`, `[0]`. One path, one value."""
import re
from typing import Any

_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d{1,9})\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")


def parse(path: str) -> tuple[str | int, ...]:
    """`$.a.b[0]` as ("a", "b", 0); ValueError, in words for a person, when it is not of that form."""
    if not path.startswith("$"):
        raise ValueError(f"a json_path begins with $, {path!r} does not")
    parts: list[str | int] = []
    position = 1
    while position < len(path):
        found = _PART.match(path, position)
        if found is None:
            raise ValueError(f"json_path {path!r} cannot be read from {path[position:]!r} on")
        name, index, quoted, double = found.groups()
        parts.append(int(index) if index is not None else name or quoted or double or "")
        position = found.end()
    return tuple(parts)


def find(value: Any, path: str) -> Any:
    """The value at `path`; LookupError, naming how far it went, when there is none."""
    reached = "$"
    for part in parse(path):
        named = isinstance(value, dict) and part in value
        numbered = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not named and not numbered:
            raise LookupError(f"{path} finds nothing: {reached} has no {part!r}")
        value = value[part]
        reached += f"[{part}]" if isinstance(part, int) else f".{part}"
    return value
