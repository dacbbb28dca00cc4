"""A point of the campaign: a name that finds it again, and what is tried there."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Point:
    """`attempt` gets a folder that is not there and says which promise was broken, or nothing."""

    name: str
    attempt: Callable[[Path], str]


Points = Iterator[Point]
