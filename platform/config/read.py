"""Reads untrusted YAML into plain values with line and column.

Rules: one document, without anchors, aliases, tags and directives. Size, depth and the number of
values are limited. Keys are unique strings. `scalars` defines the meaning of scalars.

It reads the parser's events and never runs the recursive C loader, which 100,000 open brackets
crash. The walk stops at the depth limit. It does not interpret the values: `schema` and `parse` do.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platform.config.text import decode, read_bytes
from platform.config.walk import Mark, Walk
from platform.confined import Folder
from platform.model.problem import Path, Problem, SourceFile, SourcePosition

MAX_BYTES = 256 * 1024


class Marks(Mapping[Path, Mark]):
    """Line and column of every value and key. The first access finds them with a second walk.

    Most files have no problems, and the marks of 50,000 orders would take a hundred times the
    memory of their text."""

    def __init__(self, text: str) -> None:
        self.text = text  # of the file, as it was read
        self._found: dict[Path, Mark] | None = None

    def _all(self) -> dict[Path, Mark]:
        if self._found is None:
            self._found = {}
            Walk("", self._found).run(self.text)
        return self._found

    def __getitem__(self, path: Path) -> Mark:
        return self._all()[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


@dataclass(frozen=True, slots=True)
class Document:
    """`value` is the part that could be read, and the whole if `complete`. At the `replaced` paths,
    it has a default instead of a refused scalar."""

    value: Any
    source: SourceFile
    text: str = ""
    problems: tuple[Problem, ...] = ()
    replaced: frozenset[Path] = frozenset()
    complete: bool = False
    doubled: frozenset[Path] = frozenset()  # keys with a duplicate: readers differ in their value

    def says(self, key: str, value: Any) -> bool:
        """Whether the whole document is a map that gives `key` this value, and no other."""
        return (self.complete and isinstance(self.value, dict) and self.value.get(key) is value
                and (key,) not in self.doubled)


def read_yaml(data: bytes, file: str) -> Document:
    """The document of a YAML file. Problems call the file `file`. Raises nothing: errors are in
    `problems`."""
    text = decode(data, file, MAX_BYTES)
    if isinstance(text, Problem):
        return Document(None, SourceFile(file), problems=(text,))
    walk = Walk(file)
    walk.run(text)
    source = SourceFile(file, Marks(text))
    problems = [*walk.problems, *(_duplicate(source, path, place)
                                  for path, place in walk.duplicates)]
    complete = walk.complete
    if complete and walk.value is None and not problems:
        problems.append(Problem(SourcePosition(file), "file-empty", "contains no value",
                                "write it, or delete it"))
        complete = False
    return Document(
        walk.value,
        source,
        text,
        tuple(sorted(problems)),
        frozenset(walk.replaced),
        complete,
        frozenset(path for path, _ in walk.duplicates),
    )


def is_as_read(folder: Folder, source: SourceFile) -> bool:
    """Whether a file below a directory has the text that was read of it. False without one."""
    data = read_bytes(folder, source.file, MAX_BYTES)
    text = data if isinstance(data, Problem) else decode(data, source.file, MAX_BYTES)
    return isinstance(source.marks, Marks) and source.marks.text == text


def _duplicate(source: SourceFile, path: Path, place: SourcePosition) -> Problem:
    first = source.place(*path, "~key")
    return Problem(place, "duplicate-key", f"`{path[-1]}` is a duplicate of the one at {first}",
                   "keep one of them")
