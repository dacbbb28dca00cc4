"""Threads at one ledger when something comes between: a Ctrl-C at any step, a fork, a decision that posts itself."""
import dis
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from platform.ledger.journal import disk, exports, file_store, journal, ledger, turns
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.turns import Turns
from platform.ledger.proof.audit import audit
from platform.ledger.rules.credit import topup
from platform.model.entry import Post
from tests.ledger.conftest import noon
from tests.support import LONGEST_WAIT_S, ended

OURS = {module.__file__ for module in (turns, ledger, exports, file_store, journal, disk)}
PATIENCE_S = 20


class Interrupt:
    """A trace function that raises KeyboardInterrupt at the `at`th place where Python looks for a Ctrl-C: at the start
    of a function, after a call, at a jump back. `at` 0 only counts them."""

    def __init__(self, at: int) -> None:
        self.at, self.places = at, 0
        self._before: dict[FrameType, str] = {}
        self._names: dict[CodeType, dict[int, str]] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in OURS:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            names = self._names.setdefault(frame.f_code, {each.offset: each.opname for each in
                                                          dis.get_instructions(frame.f_code)})
            name, before = names[frame.f_lasti], self._before.get(frame, "")
            self._before[frame] = name
            if name in ("RESUME", "JUMP_BACKWARD") or before in ("CALL", "CALL_FUNCTION_EX"):
                self.places += 1
                if self.places == self.at:
                    raise KeyboardInterrupt
        return self


def interrupted(at: int, act: Callable[[], object]) -> int:
    """The places in an act, one of which was interrupted."""
    tracer, previous = Interrupt(at), sys.gettrace()
    sys.settrace(tracer)
    try:
        with suppress(KeyboardInterrupt):
            act()
    finally:
        sys.settrace(previous)
    return tracer.places


def in_time(act: Callable[[], object]) -> None:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "hangs"


def post(ledger: Ledger, *names: str) -> tuple[Post, ...]:
    return ledger.post(lambda book: [topup("tenant", 1, "wire", name) for name in names])


@pytest.mark.slow
@pytest.mark.parametrize("act", ["post", "checkpoint", "refresh", "close"])
def test_a_ctrl_c_at_any_step_leaves_the_turn_and_the_lock_to_others(state: Path, act: str) -> None:
    ledger, at, places = Ledger.create(state, noon), 0, 1
    acts = {"post": lambda: post(ledger, f"main {at}"), "checkpoint": ledger.checkpoint, "refresh": ledger.refresh,
            "close": ledger.close}
    while at <= places:
        at += 1
        places = interrupted(at, acts[act])
        in_time(lambda: post(ledger, f"another thread {at}"))  # noqa: B023 (done at once)
        in_time(lambda: post(ledger, f"main {at}"))  # noqa: B023 (done at once)
        in_time(ledger.checkpoint)
    assert places > 12
    ledger.close()
    assert audit(state) == ()
    in_time(lambda: post(Ledger.open(state, noon), "another process"))


def test_a_decision_that_posts_itself_is_told_so_and_nothing_is_posted(ledger: Ledger) -> None:
    for again in (lambda: post(ledger, "inner"), ledger.checkpoint, ledger.refresh):
        with pytest.raises(RuntimeError, match="a decision must not post"):
            ledger.post(lambda book: again() or [])  # noqa: B023 (called at once)
    assert ledger.book.seq == 0
    post(ledger, "outer")


def test_threads_of_a_forked_child_exclude_each_other_and_the_parent(ledger: Ledger, state: Path) -> None:
    post(ledger, "first")  # the handles are open
    for number in range(20):
        pid = os.fork()
        if pid == 0:
            start = threading.Barrier(3)

            def write(name: str) -> None:
                start.wait(timeout=LONGEST_WAIT_S)  # noqa: B023 (in this child)
                post(ledger, name)

            threads = [threading.Thread(target=write, args=[f"child {number} {name}"], daemon=True) for name in "abc"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_S)
            os._exit(0)
        for name in range(10):
            post(ledger, f"parent {number} {name}")
        assert ended(pid) == 0
    ledger.refresh()
    ledger.checkpoint()
    assert (ledger.book.seq, audit(state)) == (1 + 20 * 13, ())


def test_who_waits_is_woken_and_whose_work_was_done_by_another_does_nothing() -> None:
    class Request:
        done = False

    requests, done, busy, more = [Request() for _ in range(5)], list[int](), threading.Event(), threading.Event()
    queue = Turns[Request]()

    def act(batch: Any) -> None:
        done.append(len(batch))
        busy.set()
        more.wait(PATIENCE_S)
        for request in batch:
            request.done = True

    threads = [threading.Thread(target=queue.take, args=(act, [request])) for request in requests]
    threads[0].start()
    busy.wait(PATIENCE_S)
    for thread in threads[1:]:
        thread.start()
    while len(queue._waiting) < 4:
        pass
    more.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert done == [1, 4]
