"""Sorts steps: each comes after the steps that it waits for, otherwise in the tenant's order."""
import heapq
from collections.abc import Mapping, Sequence


def in_order(waits_for: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names sorted so that each comes after all names that it waits for. Otherwise the order of
    the mapping decides.

    Raises ValueError for a cycle or an unknown name; `check` reports both before planning.
    """
    position = {name: index for index, name in enumerate(waits_for)}
    missing = {name: len(set(before)) for name, before in waits_for.items()}
    followers: dict[str, list[str]] = {name: [] for name in waits_for}
    for name, before in waits_for.items():
        for other in set(before):
            if other not in followers:
                raise ValueError(f"{name} waits for {other}, which does not exist")
            followers[other].append(name)
    free = [(position[name], name) for name, count in missing.items() if count == 0]
    heapq.heapify(free)
    ordered = []
    while free:
        _, name = heapq.heappop(free)
        ordered.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if missing[follower] == 0:
                heapq.heappush(free, (position[follower], follower))
    if len(ordered) < len(waits_for):
        raise ValueError(f"a cycle among {sorted(set(waits_for) - set(ordered))}")
    return tuple(ordered)
