"""When each step of a run ran, as coordinates of bars. Pure: a bar is a part of WIDTH.

Up to MOST_ROWS steps have a row each, below their worker. More steps share the row of their worker.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platform.model.history import Attempt
from platform.model.utc import seconds_between
from platform.model.words import counted
from platform.report.invocations import duration

WIDTH = 1000
MOST_ROWS = 60
_LEAST = 3.0  # of WIDTH: a shorter step is still visible
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One step. `words` are for people who see no bar."""

    name: str
    state: str
    x: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A row of the picture: the bars of one step, or of all steps of a worker."""

    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """What one worker did, in the order in which it began."""

    worker: int
    rows: tuple[TimelineRow, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """`ticks` are times since the beginning of the run, at equal distances."""

    lanes: tuple[Lane, ...]
    ticks: tuple[str, ...]
    words: str


def timeline(attempts: Iterable[Attempt], began_at: str, ended_at: str) -> Timeline | None:
    """The bars of the steps that ran; None if none did. Times are texts of `utc_text_ms`. A step
    that has not ended reaches to the end."""
    ran = [each for each in attempts if each.step and each.began_at != each.ended_at]
    if not ran:
        return None
    ends = [ended_at, *(each.ended_at or each.began_at for each in ran)]
    whole = max(0.001, *(seconds_between(began_at, end) for end in ends))
    bars = {each.task: _bar(each, began_at, whole) for each in ran}
    by_worker: dict[int, list[Bar]] = {}
    for each in ran:
        by_worker.setdefault(each.worker, []).append(bars[each.task])
    alone = len(ran) <= MOST_ROWS
    lanes = tuple(Lane(worker, _rows(found, alone=alone))
                  for worker, found in sorted(by_worker.items()))
    ticks = tuple(duration(whole * tick / _TICKS) if tick else "0 s" for tick in range(_TICKS + 1))
    words = (f"{counted(len(ran), 'step')} by {counted(len(lanes), 'worker')} in "
             f"{duration(whole)}; the table of tasks has the same facts")
    return Timeline(lanes, ticks, words)


def _rows(bars: Sequence[Bar], *, alone: bool) -> tuple[TimelineRow, ...]:
    if alone:
        return tuple(TimelineRow(bar.name, (bar,)) for bar in bars)
    # what failed is drawn last, so that no neighbour hides it
    return (TimelineRow("", tuple(sorted(bars, key=lambda bar: bar.state == "FAILED"))),)


def _bar(attempt: Attempt, began_at: str, whole: float) -> Bar:
    start = seconds_between(began_at, attempt.began_at)
    length = seconds_between(attempt.began_at, attempt.ended_at) if attempt.ended_at else (
        whole - start)
    width = max(_LEAST, WIDTH * length / whole)
    name = str(attempt.step)
    return Bar(name, attempt.state, round(min(WIDTH * start / whole, WIDTH - width), 1),
               round(width, 1), f"{name} {attempt.state} {duration(length)}")
