"""The balance over time as the coordinates of a drawing. Pure: SVG paths in a WIDTH by HEIGHT box.

The labels are outside the drawing, so it can be stretched to any width while they stay readable.
"""
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from platform.model.words import counted, in_credits
from platform.report.statement import Statement

WIDTH, HEIGHT = 1000, 200
_TICKS = 4
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Tick:
    """A level of the balance; `y` is from the top of the box, `share` is of its height."""

    label: str
    y: float
    share: float


@dataclass(frozen=True, slots=True)
class Chart:
    line: str  # an SVG path: the balance, with a step at each post
    area: str  # the same, closed along zero
    ticks: tuple[Tick, ...]
    first: str
    last: str
    words: str


def chart(of: Statement) -> Chart | None:
    """The drawing of a statement's balance; None without posts.

    The axis is time. If all posts are from less than a day, they have equal distances instead.
    """
    if not of.lines:
        return None
    times = [datetime.fromisoformat(line.at).timestamp() for line in of.lines]
    start, end = min(times), max(times)
    by_time = end - start >= _DAY_S
    places = [(time - start) / (end - start) for time in times] if by_time else [
        index / len(times) for index in range(len(times))]
    highest, step = _scale(max(of.opening_credits, *(line.balance_credits for line in of.lines)))

    def y(balance: int) -> float:
        # A debt is drawn as zero: the list below the chart has the numbers.
        return round(HEIGHT - HEIGHT * max(balance, 0) / highest, 1)

    moves = [f"M0 {y(of.opening_credits)}"]
    # a clock may have been set back
    for place, line in zip(accumulate(places, max), of.lines, strict=True):
        moves += [f"H{round(WIDTH * (0.02 + 0.96 * place), 1)}", f"V{y(line.balance_credits)}"]
    path = " ".join([*moves, f"H{WIDTH}"])
    ticks = tuple(
        Tick(str(level), y(level), level / highest) for level in range(0, highest + 1, step)
    )
    words = (f"The balance over {counted(len(of.lines), 'post')}"
             f"{'' if by_time else ', at equal distances'}: "
             f"from {of.opening_credits} to {in_credits(of.closing_credits)}")
    return Chart(path, f"{path} V{HEIGHT} H0 Z", ticks, of.lines[0].at, of.lines[-1].at, words)


def _scale(highest: int) -> tuple[int, int]:
    """The top of the axis, and the distance of its ticks: 1, 2 or 5 times a power of ten."""
    step = next(factor * 10**power for power in range(20) for factor in (1, 2, 5)
                if factor * 10**power * _TICKS >= highest)
    return max(1, -(-highest // step)) * step, step
