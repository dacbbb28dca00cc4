"""Threads that take turns: one store call at a time, in an order that a list of choices decides. The same choices give
the same run; all lists of choices give all interleavings.
"""
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from platform.errors import PlatformError
from tests.faults.disks import Killed


class Turn(NamedTuple):
    """A choice that was made: which of how many could go on."""

    chosen: int
    of: int


class Actor:
    """One publisher's thread. `waits` is called by its store: it returns when it is the actor's turn."""

    def __init__(self, program: Callable[["Actor"], None]) -> None:
        self._program = program
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.done = self.dies = False
        self.failed = ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Run to the first call."""
        self._thread.start()
        self._stopped.acquire()

    def waits(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self.dies:
            raise Killed

    def goes(self, *, dies: bool = False) -> None:
        """Make the call that it waits for, and go on to the next one; or die before it."""
        self.dies = dies
        self._go.release()
        self._stopped.acquire()

    def _run(self) -> None:
        try:
            self._program(self)
        except Killed:
            pass
        except (PlatformError, LookupError, ValueError, TypeError, OSError, AssertionError) as error:
            self.failed = f"{type(error).__name__}: {error}"
        self.done = True
        self._stopped.release()


Choose = Callable[[int], int]  # of so many that can go on, which one


def play(programs: Sequence[Callable[[Actor], None]], choose: Choose, dies: Callable[[], bool] = lambda: False) -> str:
    """Run the programs to their ends; what failed, or nothing. One that dies begins again from its start."""
    actors = [Actor(program) for program in programs]
    for actor in actors:
        actor.start()
    while ready := [number for number, actor in enumerate(actors) if not actor.done]:
        number = ready[choose(len(ready))]
        killed = dies()
        actors[number].goes(dies=killed)
        if killed:
            actors[number] = Actor(programs[number])
            actors[number].start()
    return next((actor.failed for actor in actors if actor.failed), "")


class Choices:
    """A list of choices to follow, then always the first; `made` is what was chosen, to go on from."""

    def __init__(self, given: Sequence[int]) -> None:
        self.given = list(given)
        self.made: list[Turn] = []

    def __call__(self, count: int) -> int:
        at = len(self.made)
        self.made.append(Turn(self.given[at] if at < len(self.given) else 0, count))
        return self.made[-1].chosen

    def following(self) -> list[int] | None:
        """The next list in the order of all of them; None after the last."""
        for at in reversed(range(len(self.made))):
            if self.made[at].chosen + 1 < self.made[at].of:
                return [turn.chosen for turn in self.made[:at]] + [self.made[at].chosen + 1]
        return None


def all_choices(run: Callable[[Choices], None]) -> Iterator[Choices]:
    """Each interleaving once. The caller may run what it is given; what it does not run is run here, to go on."""
    given: list[int] | None = []
    while given is not None:
        choices = Choices(given)
        yield choices
        if not choices.made:
            run(choices)
        given = choices.following()
