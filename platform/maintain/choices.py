"""Choice lists inside workflows: the lines between `# maintenance:begin <list>` and `#
maintenance:end <list>`. Pure.

A workflow's form cannot read the repository, so the choices are written into the workflow. Every
other byte of the file is unchanged, line ends included. A file without markers is left alone.
"""
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from platform.maintain.facts import CONTRACTS, METHODS, ORDERS, TENANTS, RepositoryFacts
from platform.model.problem import Problem, SourcePosition

_MARKER = re.compile(rb"^([ \t]*)# maintenance:(begin|end)(?:[ \t]+(\S+))?[ \t]*(\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The items of a list, and the files from which they are derived."""

    of: Callable[[RepositoryFacts], Iterable[str]]
    sources: tuple[str, ...]


CHOICES = {
    "tenants": Choice(lambda facts: facts.repo.tenants, (TENANTS,)),
    "workorders": Choice(
        lambda facts: (str(order.id) for order in facts.repo.orders.values() if order.enabled),
        (ORDERS,),
    ),
    "modules": Choice(lambda facts: facts.repo.contracts, (CONTRACTS,)),
    "topup_methods": Choice(
        lambda facts: (name for name, method in facts.repo.topup_methods.items() if method.enabled),
        (METHODS,),
    ),
}


def has_markers(data: bytes) -> bool:
    return any(_MARKER.match(line) for line in data.splitlines(keepends=True))


def sources(data: bytes) -> tuple[str, ...]:
    """The patterns of the files from which a workflow's lists are derived."""
    found = (_MARKER.match(line) for line in data.splitlines(keepends=True))
    names = {mark[3].decode(errors="replace") for mark in found if mark and mark[3]}
    return tuple(
        pattern for name, choice in CHOICES.items() if name in names for pattern in choice.sources
    )


def rewritten(data: bytes, file: str, facts: RepositoryFacts) -> tuple[bytes, list[Problem]]:
    """The workflow with correct lists, and the problems of its markers.

    With problems, the bytes have no meaning. An empty list contains "none", because a form needs a
    choice.
    """
    problems: list[Problem] = []
    lines: list[bytes] = []
    opened, begun_at = "", 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        mark = _MARKER.match(line)
        if mark is None:
            lines += [] if opened else [line]
            continue
        side, name = mark[2].decode(), (mark[3] or b"").decode(errors="replace")
        fault = _fault(side, name, opened, begun_at)
        if fault:
            problems.append(
                Problem(
                    SourcePosition(file, number, len(mark[1]) + 1), "maintenance-marker", *fault
                )
            )
        lines.append(line)
        if side == "begin" and name in CHOICES:
            opened, begun_at = name, number
            lines += _items(CHOICES[name].of(facts), mark[1], mark[4] or b"\n")
        elif side == "end":
            opened = ""
    if opened:
        problems.append(Problem(
            SourcePosition(file, begun_at), "maintenance-marker",
            f"the list {opened} begins here but does not end",
            f"write # maintenance:end {opened} below its lines"))
    return b"".join(lines), problems


def _items(names: Iterable[str], indent: bytes, line_end: bytes) -> Iterator[bytes]:
    for name in sorted(names) or ["none"]:
        yield indent + b"- " + json.dumps(name).encode() + line_end


def _fault(side: str, name: str, opened: str, begun_at: int) -> tuple[str, str] | None:
    """What is wrong with a marker, and what to do; None if it is right."""
    if name not in CHOICES:
        return f"there is no list {name[:60]!r}", f"write one of {', '.join(CHOICES)}"
    if side == "begin" and opened:
        return (f"a list begins inside {opened}, which began in line {begun_at}",
                f"end {opened} before it")
    if side == "end" and name != opened:
        return f"the list {name} ends here but did not begin", (
            f"write # maintenance:end {opened}"
            if opened
            else f"write # maintenance:begin {name} above its lines"
        )
    return None
