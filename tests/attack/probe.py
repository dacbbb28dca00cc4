"""What an attack is, and what became of it. A probe is data: who tries what, and what must be seen."""
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Way(NamedTuple):
    """How the whole attack is run: by which user, and in which sandbox its steps run."""

    user: str  # root | nobody
    sandbox: str  # bubblewrap | process

    def __str__(self) -> str:
        return f"{self.user}, {self.sandbox}"


WAYS = tuple(Way(user, sandbox) for user in ("root", "nobody") for sandbox in ("bubblewrap", "process"))
NOT_DEFENDED = "reached"  # what a plain process can do, and SECURITY.md says so


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt. `held` is a pattern for all that is seen when the fence holds; `plain` is the same for a plain
    process where it differs, such as NOT_DEFENDED. `as_user` is the same for a user that is not root.
    `every_way`: what is seen hangs on the user, as where a control group is needed."""

    group: str  # module | tenant | mail | secret | money
    name: str
    what: str  # what the attacker tries, for the table
    held: str
    plain: str = ""
    as_user: str = ""
    every_way: bool = False

    @property
    def critical(self) -> bool:
        """Whether the user or the sandbox is the fence, so that no way says anything of another."""
        return bool(self.every_way or self.plain or self.as_user)

    def expected(self, way: Way) -> str:
        """The pattern for a way of running."""
        if way.user != "root" and self.as_user:
            return self.as_user
        return self.plain if way.sandbox == "process" and self.plain else self.held

    def verdict(self, way: Way, seen: str) -> "Verdict":
        return Verdict(self, way, seen, re.search(self.expected(way), seen) is not None)


def part(probes: Sequence[Probe], way: Way, ways: Sequence[Way]) -> list[int]:
    """The places of the probes that a bounded campaign runs in this way: the critical ones in each of `ways`, every
    other one in one of them, in turn. Each probe is in the part of at least one way."""
    return [place for place, probe in enumerate(probes) if probe.critical or ways[place % len(ways)] == way]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen of a probe, in one way of running it, and whether that is what must be seen."""

    probe: Probe
    way: Way
    seen: str
    as_expected: bool

    def __str__(self) -> str:
        word = "as expected" if self.as_expected else f"NOT AS EXPECTED ({self.probe.expected(self.way)})"
        return f"{self.probe.group}/{self.probe.name} [{self.way}]: {self.seen} -- {word}"
