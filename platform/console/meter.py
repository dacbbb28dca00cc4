"""The progress line's text. Pure: numbers and names in, one line that fits its width out."""
from collections.abc import Sequence
from dataclasses import dataclass

from platform.model.words import counted

_BAR = 16
_WIDE = 80  # columns from which a bar fits


@dataclass(frozen=True, slots=True)
class Meter:
    """A run at one moment. `due` counts the steps that run in it and `done` those that ended;
    up-to-date steps are in neither. `elapsed_s` is the time since the first of them started."""

    due: int = 0
    done: int = 0
    running: tuple[str, ...] = ()
    spent_credits: int = 0
    refunded_credits: int = 0
    elapsed_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        """The time left if the steps continue at the same pace; None before the first has ended
        and after the last."""
        if not 0 < self.done < self.due:
            return None
        return self.elapsed_s / self.done * (self.due - self.done)


def line(meter: Meter, width: int) -> str:
    """At most `width` columns: always the count; then time left, credits and a bar where they
    fit; then the running steps."""
    left = "" if meter.left_s is None else f"{clock(meter.left_s)} left"
    front = f"{meter.done}/{counted(meter.due, 'step')}"
    if width >= _WIDE:
        front = f"[{bar(meter.done, meter.due)}] {front}"
    fixed = [front]
    for part in (left, moved(meter)):
        if part and len("  ".join([*fixed, part])) <= width:
            fixed.append(part)
    free = width - len("  ".join(fixed)) - 2
    return "  ".join(filter(None, (fixed[0], names(meter.running, free), *fixed[:0:-1])))[:width]


def bar(done: int, due: int) -> str:
    """As many `=` as the finished share."""
    full = _BAR * done // due if due else 0
    return "=" * full + "." * (_BAR - full)


def moved(meter: Meter) -> str:
    """The credits that this run charged and refunded."""
    return ", ".join(
        f"{amount} {word}"
        for amount, word in ((meter.spent_credits, "charged"), (meter.refunded_credits, "refunded"))
        if amount
    )


def names(running: Sequence[str], width: int) -> str:
    """As many names as fit, and the number of the others. A first name that is too long loses
    its beginning."""
    for shown in range(len(running), 0, -1):
        more = f" +{len(running) - shown}" if shown < len(running) else ""
        text = ", ".join(running[:shown]) + more
        if len(text) <= width:
            return text
    if not running:
        return ""
    more = f" +{len(running) - 1}" if len(running) > 1 else ""
    rest = width - len(more) - 2
    return f"..{running[0][-rest:]}{more}" if rest > 2 else ""


def clock(seconds: float) -> str:
    """`12:07`, or `1:02:03` from one hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
