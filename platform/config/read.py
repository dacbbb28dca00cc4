"""Hostile YAML becomes plain values with line and column, and nothing is built before the guard has looked.

Rules: one document; no anchor, alias, tag or directive; at most MAX_BYTES, and the walk's depth and number of values;
keys are text and stand once; scalars mean what `scalars` says. The parser's events come from a stack of its own, so
100,000 open brackets cost nothing: the walk stops at the depth limit, and the recursive C loader, which they crash,
never runs. It does not know what the values mean: `schema` and `parse` do.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platform.config.text import decode
from platform.config.walk import Mark, Walk
from platform.model.problem import Path, Problem, SourceFile, SourcePosition

MAX_BYTES = 256 * 1024


class Marks(Mapping[Path, Mark]):
    """Line and column of every value and key, found by a second walk when somebody first asks: most files have no
    problem, and the marks of 50,000 orders would weigh a hundred times their text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[Path, Mark] | None = None

    def _all(self) -> dict[Path, Mark]:
        if self._found is None:
            self._found = {}
            Walk("", self._found).run(self._text)
        return self._found

    def __getitem__(self, path: Path) -> Mark:
        return self._all()[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


@dataclass(frozen=True, slots=True)
class Document:
    """`value` is what could be read; it is whole when `complete`, with stand-ins at the `replaced` paths."""

    value: Any
    source: SourceFile
    text: str = ""
    problems: tuple[Problem, ...] = ()
    replaced: frozenset[Path] = frozenset()
    complete: bool = False


def read_yaml(data: bytes, file: str) -> Document:
    """The document of a YAML file named `file` in problems. Never raises: what is wrong is in `problems`."""
    text = decode(data, file, MAX_BYTES)
    if isinstance(text, Problem):
        return Document(None, SourceFile(file), problems=(text,))
    walk = Walk(file)
    walk.run(text)
    source = SourceFile(file, Marks(text))
    problems = [*walk.problems, *(_twice(source, path, place) for path, place in walk.doubled)]
    complete = walk.complete
    if complete and walk.value is None and not problems:
        problems.append(Problem(SourcePosition(file), "file-empty", "holds no value", "write it, or delete it"))
        complete = False
    return Document(walk.value, source, text, tuple(sorted(problems)), frozenset(walk.replaced), complete)


def _twice(source: SourceFile, path: Path, place: SourcePosition) -> Problem:
    first = source.place(*path, "~key")
    return Problem(place, "duplicate-key", f"`{path[-1]}` stands here again, first at {first}", "keep one of them")
