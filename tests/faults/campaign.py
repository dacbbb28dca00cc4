"""The campaign: every kind of fault, its points in a fixed order, and what became of them.

The same seed tries the same points. `fast` tries at most so many of each kind, chosen by the seed.
"""
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from tests.faults.crash import crash, crash_again
from tests.faults.damage import bits, lines
from tests.faults.kernel import kernel, kernel_again
from tests.faults.place import empty, scratch
from tests.faults.points import Point, Points
from tests.faults.power import power
from tests.faults.publishers import interleavings, publishers
from tests.faults.refuse import refuse
from tests.faults.runners import runners
from tests.faults.sharing import sharing
from tests.faults.shutdown import shutdown
from tests.faults.tamper import tamper
from tests.faults.writers import writers


@dataclass(frozen=True, slots=True)
class Kind:
    """`fast` points are tried of it in a bounded campaign."""

    points: Callable[[int], Points]
    fast: int
    purpose: str
    ordered: bool = False  # its first points are the cheap ones


KINDS: Mapping[str, Kind] = MappingProxyType({
    "crash": Kind(crash, 1000, "the process dies at each operation, an append also half way"),
    "crash-again": Kind(crash_again, 300, "and dies again in recovery, and in that one's recovery"),
    "power": Kind(power, 1000, "the power goes: any subset of what was not synced is there, torn or zero"),
    "refuse": Kind(refuse, 1000, "EIO, ENOSPC and short writes at each operation"),
    "bits": Kind(bits, 1500, "each bit of each file of a state of twenty posts"),
    "lines": Kind(lines, 1000, "lines cut, doubled, swapped, ends cut off, CRLF, BOM"),
    "writers": Kind(writers, 1, "four writers of three threads on one state, one killed every 150 ms", ordered=True),
    "publish": Kind(sharing, 60, "the process dies at each operation of two machines that share a release"),
    "tamper": Kind(tamper, 60, "somebody changes the release: deeds first, then a bit of each byte", ordered=True),
    "interleavings": Kind(interleavings, 60, "two and three publishers in every order of their calls", ordered=True),
    "publishers": Kind(publishers, 40, "three publishers in random orders, with deaths"),
    "runners": Kind(runners, 100, "two runners of one delivery in orders with few switches, deaths, failures"),
    "kernel": Kind(kernel, 6, "SIGKILL by strace at each system call of a real process"),
    "shutdown": Kind(shutdown, 1, "a real file system shut down under four writers"),
    "kernel-again": Kind(kernel_again, 4, "and of the process that recovers from it"),
})


@dataclass(frozen=True, slots=True)
class Result:
    kind: str
    tried: int
    failures: tuple[str, ...]  # one line each, with the command that repeats it
    seconds: float


def run(names: Iterable[str], seed: int, *, fast: bool = False, point: str = "") -> Iterator[Result]:
    """One result a kind. `point` tries that one alone."""
    for name in names:
        begun = time.monotonic()
        tried, failures = 0, []
        with scratch() as folder:
            for each in _chosen(KINDS[name], seed, fast, point):
                empty(folder)
                tried += 1
                if wrong := each.attempt(folder):
                    failures.append(f"{name} {each.name}: {wrong}\n    scripts/fault_campaign --seed {seed} "
                                    f"--only {name} --point {each.name}")
        yield Result(name, tried, tuple(failures), time.monotonic() - begun)


def _chosen(kind: Kind, seed: int, fast: bool, point: str) -> Iterable[Point]:
    points = kind.points(seed)
    if point:
        return (each for each in points if each.name == point)
    if not fast:
        return points
    if kind.ordered:
        return islice(points, kind.fast)
    every = list(points)
    return every if len(every) <= kind.fast else random.Random(seed).sample(every, kind.fast)


def told(results: Iterable[Result], most: int = 5) -> int:
    """Print each result as it comes; the number of failures."""
    count = 0
    for result in results:
        count += len(result.failures)
        sys.stdout.write(f"{result.kind:<12} {result.tried:>7} points {len(result.failures):>5} failures "
                         f"{result.seconds:7.1f} s{'' if result.tried else '  NOT TRIED: it cannot be done here'}\n")
        for line in result.failures[:most]:
            sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    return count
