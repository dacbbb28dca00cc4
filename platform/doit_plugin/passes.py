"""The passes of one `doit run`. The first is over everything that was asked for. Each later one is
over orders that were left because another run held them, and begins when one of them is free.

Between two passes the run holds nothing, and whatever it read is read again. The locks of a later
pass are taken before that, so that its orders cannot change under it.
"""
from collections.abc import Collection
from dataclasses import replace

from platform.app.holder import command_line
from platform.app.order_locks import OrderLocks
from platform.app.run import Asked, Run, say
from platform.app.workspace import Workspace
from platform.model.ids import OrderId


class Passes:
    """`is_later`: the first pass has ended. `first`: its run, once it has begun."""

    def __init__(self) -> None:
        self.is_later = False
        self._locks: OrderLocks | None = None
        self.first: Run | None = None
        self._held: set[OrderId] = set()  # for the pass that begins
        self._left: set[OrderId] = set()  # for the passes after it

    def begin(self, workspace: Workspace, asked: Asked) -> Run:
        """The run of the pass, which shares the runtime directory. Waits for a process that has it
        alone."""
        if self.is_later:
            asked = replace(asked, scope=frozenset(self._held))
        run = Run.locked(workspace, asked, locks=self._of(workspace), held=self._held)
        if self.first is None:
            self.first = run
        else:
            run.history = self.first.history  # one invocation
        return run

    def hold(self, workspace: Workspace, orders: Collection[OrderId]) -> None:
        """Lock orders before the first pass reads anything, and wait for them."""
        self._of(workspace).wait_for_all(orders, say)
        self._held = set(orders)

    def is_next(self, run: Run) -> bool:
        """Whether there is another pass, after `run` was closed. Waits until it can begin."""
        self.is_later = True
        self._left |= run.at_work.left
        if not self._left:
            return False
        self._held = self._of(run.workspace).wait(self._left, say)
        self._left -= self._held
        return True

    def close(self) -> None:
        """Release everything."""
        if self._locks is not None:
            self._locks.close()

    def _of(self, workspace: Workspace) -> OrderLocks:
        self._locks = self._locks or OrderLocks(workspace.runtime_dir, command_line())
        return self._locks
