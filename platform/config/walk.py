"""One pass over the events of a YAML parser. It builds plain values and refuses ambiguous YAML."""
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from platform.config.scalars import ScalarFault, resolve
from platform.config.text import control_in
from platform.config.words import syntax_problem
from platform.model.characters import name_of
from platform.model.problem import Path, Problem, SourcePosition

MAX_DEPTH = 32
MAX_NODES = 50_000
MAX_PROBLEMS = 100  # of one file; nobody reads more

Mark = tuple[int, int]
Node = ScalarEvent | SequenceStartEvent | MappingStartEvent


class _Stop(Exception):
    """Stops reading the file; `args[0]` is the problem."""


class _Open:
    """A list or mapping that is still open; `key` is the mapping's key whose value comes next."""

    __slots__ = ("dropped", "items", "key", "path")

    def __init__(self, items: Any, path: Path) -> None:
        self.items = items
        self.path = path
        self.key: str | None = None
        self.dropped = False  # whether the next value belongs to a duplicate key


class Walk:
    """Call `run` once, then read `value`, `problems`, `duplicates` and `replaced`. `run` fills
    `marks`, if given."""

    def __init__(self, file: str, marks: dict[Path, Mark] | None = None) -> None:
        self.value: Any = None
        self.complete = False  # whether the whole file was read
        self.problems: list[Problem] = []
        self.duplicates: list[tuple[Path, SourcePosition]] = []  # duplicate keys and their places
        self.replaced: set[Path] = set()  # where a default replaces a refused scalar
        self._file = file
        self._marks = marks
        self._stack: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def run(self, text: str) -> None:
        try:
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                self._take(event)
            self.complete = True
        except _Stop as stop:
            self.problems.append(stop.args[0])
        except yaml.YAMLError as error:
            self.problems.append(syntax_problem(error, text, self._file))

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, ScalarEvent):
            self._node(event)
            self._scalar(event)
        elif isinstance(event, SequenceStartEvent | MappingStartEvent):
            self._node(event)
            self._open(event, [] if isinstance(event, SequenceStartEvent) else {})
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, AliasEvent):
            raise self._stop(
                event, "yaml-alias", f"`*{event.anchor}` is an alias", "write the value out"
            )
        elif isinstance(event, DocumentStartEvent):
            self._document(event)

    def _document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(
                event,
                "yaml-second-document",
                "a second document begins",
                "keep one document in a file",
            )
        if event.version or event.tags:
            raise self._stop(event, "yaml-directive", "there is a % directive", "remove it")

    def _node(self, event: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._stop(
                event, "yaml-too-many", f"there are more than {MAX_NODES} values", "split the file"
            )
        if event.anchor is not None:
            raise self._stop(
                event,
                "yaml-alias",
                f"`&{event.anchor}` is an anchor",
                "write the value where it is used",
            )
        if event.tag is not None:
            raise self._stop(event, "yaml-tag", f"`{event.tag[:60]}` is a tag",
                             "remove it, because types follow from values")

    def _open(self, event: Node, items: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop(
                event, "yaml-too-deep", f"is nested deeper than {MAX_DEPTH} levels", "flatten it"
            )
        path = self._attach(items, event)
        self._stack.append(_Open(items, path))

    def _scalar(self, event: ScalarEvent) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.items, dict):
            self._key(top, event)
            return
        value: Any = event.value
        control = control_in(value)
        if control:
            code = "nul-character" if control == "\0" else "control-character"
            what = f"the text contains the character {name_of(control)}"
            self._refuse(event, ScalarFault(code, what, "remove it", ""))
            value = ""
        elif not event.style and event.implicit[0]:
            value = resolve(value)
            if isinstance(value, ScalarFault):
                self._refuse(event, value)
                value = value.value
        self._attach(value, event)

    def _key(self, top: _Open, event: ScalarEvent) -> None:
        key = event.value
        plain = not event.style
        if plain and key == "<<":
            raise self._stop(event, "yaml-merge", "`<<` merges another map", "write the fields out")
        if control := control_in(key):
            raise self._stop(event, "control-character",
                             f"a key contains the character {name_of(control)}", "remove it")
        if plain and not isinstance(resolve(key), str):
            what = f"the key {key[:60]} is not a string" if key else "a key is empty"
            self._problem(event, "yaml-key", what, "put it in quotes")
        path = (*top.path, key)
        top.key, top.dropped = key, key in top.items
        if top.dropped:
            self.duplicates.append((path, self._place(event)))
            self._count()
        elif self._marks is not None:
            self._marks.setdefault((*path, "~key"), self._mark(event))

    def _attach(self, value: Any, event: Node) -> Path:
        """Add a value to the open list or mapping, and return its path."""
        if not self._stack:
            self.value = value
            path: Path = ()
        else:
            top = self._stack[-1]
            if isinstance(top.items, list):
                path = (*top.path, len(top.items))
                top.items.append(value)
            elif top.key is None:
                raise self._stop(event, "yaml-key", "a list or map is used as a key",
                                 "use a string")
            else:
                path = (*top.path, top.key)
                if not top.dropped:
                    top.items[top.key] = value
                top.key = None
        if self._marks is not None:
            self._marks.setdefault(path, self._mark(event))
        return path

    def _next_path(self) -> Path:
        if not self._stack:
            return ()
        top = self._stack[-1]
        return (*top.path, len(top.items) if isinstance(top.items, list) else top.key or "")

    def _refuse(self, event: Node, fault: ScalarFault) -> None:
        self.replaced.add(self._next_path())
        self._problem(event, fault.code, fault.what, fault.fix)

    def _problem(self, event: yaml.Event, code: str, what: str, fix: str) -> None:
        self.problems.append(Problem(self._place(event), code, what, fix))
        self._count()

    def _count(self) -> None:
        if len(self.problems) + len(self.duplicates) >= MAX_PROBLEMS:
            raise _Stop(Problem(SourcePosition(self._file), "too-many-problems",
                                f"there are {MAX_PROBLEMS} problems or more",
                                "correct those first"))

    def _stop(self, event: yaml.Event, code: str, what: str, fix: str) -> _Stop:
        return _Stop(Problem(self._place(event), code, what, fix))

    def _mark(self, event: yaml.Event) -> Mark:
        mark = event.start_mark
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)

    def _place(self, event: yaml.Event) -> SourcePosition:
        return SourcePosition(self._file, *self._mark(event))
