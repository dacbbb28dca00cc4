"""The progress line's text. Pure: numbers and names in, one line that fits its width out."""
from collections.abc import Sequence
from dataclasses import dataclass

from platform.model.words import counted

_BAR = 16
_WIDE = 80  # columns from which there is room for a bar


@dataclass(frozen=True, slots=True)
class Meter:
    """A run at one moment. `due` are steps that run in it, `done` those that ended; what is up to date is in neither.
    `elapsed_s` is since the first of them started."""

    due: int = 0
    done: int = 0
    running: tuple[str, ...] = ()
    spent_credits: int = 0
    refunded_credits: int = 0
    elapsed_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        """What remains if steps go on ending as fast as they did; None before the first has ended, and after all."""
        if not 0 < self.done < self.due:
            return None
        return self.elapsed_s / self.done * (self.due - self.done)


def line(meter: Meter, width: int) -> str:
    """At most `width` columns: the count always, then time left, credits and a bar where there is room, and in what
    remains the steps that run now."""
    left = "" if meter.left_s is None else f"{clock(meter.left_s)} left"
    front = f"{meter.done}/{counted(meter.due, 'step')}"
    if width >= _WIDE:
        front = f"[{bar(meter.done, meter.due)}] {front}"
    fixed = [front]
    for part in (left, moved(meter)):
        if part and len("  ".join([*fixed, part])) <= width:
            fixed.append(part)
    room = width - len("  ".join(fixed)) - 2
    return "  ".join(filter(None, (fixed[0], names(meter.running, room), *fixed[:0:-1])))[:width]


def bar(done: int, due: int) -> str:
    """As many = as there is done."""
    full = _BAR * done // due if due else 0
    return "=" * full + "." * (_BAR - full)


def moved(meter: Meter) -> str:
    """The credits that this run charged and gave back."""
    return ", ".join(f"{amount} {word}" for amount, word in ((meter.spent_credits, "charged"),
                                                            (meter.refunded_credits, "refunded")) if amount)


def names(running: Sequence[str], room: int) -> str:
    """As many names as fit, the others counted; a first one that is too long loses its beginning."""
    for shown in range(len(running), 0, -1):
        more = f" +{len(running) - shown}" if shown < len(running) else ""
        text = ", ".join(running[:shown]) + more
        if len(text) <= room:
            return text
    if not running:
        return ""
    more = f" +{len(running) - 1}" if len(running) > 1 else ""
    rest = room - len(more) - 2
    return f"..{running[0][-rest:]}{more}" if rest > 2 else ""


def clock(seconds: float) -> str:
    """12:07, or 1:02:03 from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
