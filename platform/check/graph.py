"""The dependencies of steps: each must name an enabled step, and they must not form a cycle."""
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from platform.check.problems import each_order, of_step
from platform.check.words import suggestion
from platform.model.order import Order, Step, bindings_in
from platform.model.problem import Path, Problem
from platform.model.repo import Repo


@each_order
def graph(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    steps = order.steps_by_id()
    counts = Counter(name for step in order.steps for _, name in _waits(step) if name not in steps)
    for step in order.steps:
        for path, name in _waits(step):
            if name in steps:
                yield from _named(order, step, steps, path, name)
            elif count := counts.pop(name, 0):  # report a name once, however often it is used
                others = [other for other in steps if other != step.step_id]
                often = f", which is used {count} times" if count > 1 else ""
                yield of_step(order, step, "unknown-step", f"there is no step `{name}`{often}",
                              suggestion(name, others), *path)
    yield from _cycles(order, steps)


def _waits(step: Step) -> Iterator[tuple[Path, str]]:
    """The steps that a step waits for, each with the path of its name in the step."""
    for path, binding in bindings_in(step.inputs):
        if binding.from_step:
            yield ("inputs", *path, "from_step"), binding.from_step
    for index, name in enumerate(step.needs):
        yield ("needs", index), name


def _named(
    order: Order, step: Step, steps: Mapping[str, Step], path: Path, name: str
) -> Iterator[Problem]:
    if name == step.step_id:
        yield of_step(
            order,
            step,
            "self-reference",
            f"step `{name}` waits for itself",
            "name another step",
            *path,
        )
    elif not steps[name].enabled:
        yield of_step(order, step, "disabled-step", f"step `{name}` is not enabled",
                      "enable it, or use another", *path)


def _cycles(order: Order, steps: Mapping[str, Step]) -> Iterator[Problem]:
    """Each cycle once. The message begins at the cycle's first step in the file: a -> b -> a."""
    waits = {
        name: list(
            dict.fromkeys(other for _, other in _waits(step) if other in steps and other != name)
        )
        for name, step in steps.items()
    }
    state: dict[str, int] = {}  # 1: on the current path, 2: done
    for root in waits:
        if root in state:
            continue
        way, todo = [root], [iter(waits[root])]
        state[root] = 1
        while way:
            other = next(todo[-1], None)
            if other is None:
                state[way.pop()] = 2
                todo.pop()
            elif other not in state:
                state[other] = 1
                way.append(other)
                todo.append(iter(waits[other]))
            elif state[other] == 1:
                yield _cycle(order, steps, way[way.index(other):])


def _cycle(order: Order, steps: Mapping[str, Step], members: list[str]) -> Problem:
    begin = min(range(len(members)), key=lambda index: steps[members[index]].index)
    turned = [*members[begin:], *members[:begin]]
    shown = turned if len(turned) <= 12 else [*turned[:10], "...", turned[-1]]
    step = steps[turned[0]]
    path = next(
        (path for path, name in _waits(step) if len(turned) > 1 and name == turned[1]), ("step_id",)
    )
    return of_step(
        order,
        step,
        "step-cycle",
        "these steps wait for each other: " + " -> ".join([*shown, turned[0]]),
        "remove one of the bindings or needs",
        *path,
    )
