"""Regular expressions that stand in files: RE2, which looks at each character a bounded number of
times, so that no pattern makes a check last for ever.

RE2 has no look-around and no references to groups, and its \\d, \\w and \\s are ASCII; `$` is the end
of the text, as in JSON Schema. A pattern that it cannot express is a fault of the file.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MOST_CHARACTERS = 1000  # of a pattern
_MEMORY_BYTES = 8 << 20  # of one pattern and what RE2 learns while it looks


class Pattern:
    """A compiled pattern. `size` is what a character costs at worst: the states that RE2 may be in."""

    __slots__ = ("_compiled", "size")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.size: int = compiled.programsize

    def found_in(self, text: str) -> bool:
        """Whether the pattern is somewhere in a text; not in one that is no Unicode text."""
        try:
            return self._compiled.search(text) is not None
        except UnicodeEncodeError:  # half of a character, which JSON can spell
            return False


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern | str:
    """The pattern, or in words why it cannot be used."""
    import re2

    if len(pattern) > MOST_CHARACTERS:
        return f"it has more than {MOST_CHARACTERS} characters"
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    try:
        return Pattern(re2.compile(pattern, options))
    except re2.error as error:
        why = error.args[0] if error.args else b""
        return why.decode(errors="replace") if isinstance(why, bytes) else str(why)
    except UnicodeEncodeError:
        return "it is no Unicode text"


def work_of(schema: Any) -> tuple[int, int]:
    """What a part of a JSON Schema costs at worst: the number of its nodes, which each value is held
    against, and the sizes of its patterns, which each character is."""
    nodes, patterns, waiting = 0, 0, [schema]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if isinstance(node, Mapping):
            waiting += node.values()
            if isinstance(wanted := node.get("pattern"), str):
                found = compiled(wanted)
                patterns += found.size if isinstance(found, Pattern) else 0
        elif isinstance(node, list | tuple):
            waiting += node
    return nodes, patterns


def extent_of(value: Any) -> tuple[int, int]:
    """The number of nodes of a value, and of the characters of its texts."""
    nodes, characters, waiting = 0, 0, [value]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if isinstance(node, str):
            characters += len(node)
        elif isinstance(node, Mapping):
            waiting += node.values()
        elif isinstance(node, list | tuple):
            waiting += node
    return nodes, characters
