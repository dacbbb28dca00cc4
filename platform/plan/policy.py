"""The meaning of an order's mode: which steps wait for which."""
from collections.abc import Sequence

from platform.model.order import Mode, Order, Step, upstream_of
from platform.plan.graph import in_order


def waits_for(order: Order, steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """The ids of the steps that each step waits for, by step id.

    In STRICT mode, steps run one after the other. So the first failed step is the same on every
    machine, and no later step starts. Raises ValueError for a cycle or an unknown name."""
    waits = {step.step_id: upstream_of(step) for step in steps}
    if order.mode is Mode.STRICT:
        chain = in_order(waits)
        waits = {
            name: tuple(dict.fromkeys([*waits[name], *chain[:index][-1:]]))
            for index, name in enumerate(chain)
        }
    return waits
