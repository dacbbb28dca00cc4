"""Reads dodo.py like doit does, after looking at the command line: only what was asked for is loaded and built."""
import sys
from fnmatch import fnmatch
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidCommand

from platform.app import quoted, session
from platform.doit_plugin.selection import orders_asked_for, orders_bought, orders_to_publish, steps_asked_for
from platform.errors import PlatformError
from platform.model.characters import printable
from platform.model.ids import OrderId, StepId


class Loader(DodoTaskLoader):  # type: ignore[misc]  # doit has no types
    """For `doit run` it also takes the run folder's lock, and lets steps and publications that are asked for end in
    their order's settlement."""

    def setup(self, opt_values: Any) -> None:
        try:
            super().setup(opt_values)
        except PlatformError as error:  # doit would show a traceback
            sys.stderr.write(f"{printable(str(error))}\n")
            raise SystemExit(error.exit_status) from None

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        now = session.current()
        words = [word for word in pos_args if not word.startswith("-")]
        orders = list(session.known_orders(now.root)) if words else []
        now.only = orders_asked_for(words, orders)
        now.charges.asked = orders_bought(words, orders)
        if cmd.execute_tasks or cmd.name == "clean":
            now.take_lock()  # until the process ends: nobody's folders are cleaned under a run
        if cmd.execute_tasks:
            now.always = getattr(cmd, "always", False)
            now.retry_failed = getattr(cmd, "retry_failed", False)
            now.resend_repaired |= getattr(cmd, "resend_repaired", False)
            if now.options.quote:
                now.sharing.hydrate()  # a quote is held against what the run will stand on
                quoted.hold(now, now.options.quote)
            before = [f"workorder:{order_id}" for order_id in orders_to_publish(words, now.plan.orders)]
            now.asked_steps.update(_asked_steps(now, [*words, *before]))
            after = [f"_settle:{order_id}" for order_id in now.asked_steps]
            cmd.sel_tasks = [*before, *(cmd.sel_tasks or ()), *after] or None
        tasks: list[Any] = super().load_tasks(cmd, pos_args)
        names = [task.name for task in tasks]
        for word in words if cmd.name in ("run", "info", "clean") else ():
            known = names if cmd.name != "run" else [*names, *(target for task in tasks for target in task.targets)]
            if not any(fnmatch(name, word) for name in known):
                raise InvalidCommand(not_found=word)
        return tasks


def _asked_steps(now: session.Session, words: list[str]) -> dict[OrderId, list[str]]:
    """The steps that are asked for by order, without the orders that are asked for whole and settle by themselves."""
    known = {f"step:{step.id}": step.id for order in now.plan.orders.values() for step in order.steps}
    asked: dict[OrderId, list[str]] = {}
    for name in steps_asked_for(words, known):
        step_id: StepId = known[name]
        whole = f"workorder:{step_id.order}"
        if not any(word == "workorder" or fnmatch(whole, word) for word in words):
            asked.setdefault(step_id.order, []).append(step_id.step_id)
    return asked
