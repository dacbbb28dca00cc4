"""Regular expressions from files. They use RE2, whose run time is linear in the text, so no pattern
can block a check.

RE2 has no look-around and no back-references; its \\d, \\w and \\s are ASCII; `$` is the end of the
text, as in JSON Schema. A pattern that RE2 cannot read is an error in the file.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MOST_CHARACTERS = 1000  # of a pattern
_MEMORY_BYTES = 8 << 20  # of one pattern and RE2's cache of states


class Pattern:
    """A compiled pattern. `size` is the highest cost of a character: the number of RE2's states."""

    __slots__ = ("_compiled", "size")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.size: int = compiled.programsize

    def found_in(self, text: str) -> bool:
        """Whether a text contains the pattern. False if the text is not valid Unicode."""
        try:
            return self._compiled.search(text) is not None
        except UnicodeEncodeError:  # a lone surrogate, which JSON can contain
            return False


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern | str:
    """The compiled pattern, or a message that says why it cannot be used."""
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
        return "it is not valid Unicode"


def work_of(schema: Any) -> tuple[int, int]:
    """The highest cost of a JSON Schema: the number of its nodes (each value may be checked against
    each node) and the total size of its patterns (each character may cost that much)."""
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
    """The number of nodes in a value, and the number of characters in its strings."""
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
