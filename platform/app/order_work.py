"""Begin and end the work on one order, and look again at what other runs may have done to it."""
from collections.abc import Iterator
from contextlib import contextmanager

from platform.app.at_work import Purpose
from platform.app.run import Run
from platform.model.ids import OrderId


def begin(run: Run, order_id: OrderId) -> bool:
    """Lock the order to work on it. False: it is left for later, because another run works on it,
    or has done so since this run read it and changed what is paid."""

    def stands(order: OrderId) -> bool:
        run.records.forget(order)
        with run.billing.steady:
            run.billing.ledger.refresh()
            return run.charges.stands(order)

    return run.at_work.begin(order_id, Purpose.WORK, stands)


def end(run: Run, order_id: OrderId) -> None:
    """The order is settled, or nothing more is done with it."""
    run.at_work.end(order_id, Purpose.WORK)


@contextmanager
def settling(run: Run, order_id: OrderId) -> Iterator[bool]:
    """Hold the order until its settlement ends; False if it is left for later."""
    begun = begin(run, order_id)
    try:
        yield begun
    finally:
        end(run, order_id)


@contextmanager
def publishing(run: Run, order_id: OrderId) -> Iterator[bool]:
    """Hold the order while its packages are published; False if it is left for later."""

    def seen(order: OrderId) -> bool:
        run.records.forget(order)
        return True

    held = run.at_work.begin(order_id, Purpose.PUBLISH, seen)
    try:
        yield held
    finally:
        run.at_work.end(order_id, Purpose.PUBLISH)
