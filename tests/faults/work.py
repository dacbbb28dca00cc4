"""What the campaign attacks: a day of a small tenant, as calls that may all be made again from the start.

Without faults it always makes the same posts in the same order (GOLDEN). So whatever happens, the journal must hold a
beginning of them that reaches at least to the last one that was acknowledged: nothing lost, doubled, or not asked for.
"""
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal.disk import DISK, Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import verify
from platform.ledger.rules.body import body_of
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.ledger.rules.refund import settle
from platform.model.entry import Post
from platform.model.plan import PlannedOrder
from platform.model.reasons import Reason, Reasons
from platform.model.run import Status
from platform.model.tenant import Tenant
from tests.faults.place import scratch
from tests.ledger.conftest import noon, order, run, step

TODAY = date(2026, 11, 24)
ONE, TWO = step("one", ("__run__", 5), ("said", 2)), step("two")
TEA, MILK = order(ONE, TWO), order(step("milk", ("__run__", 3), order="milk"))
REASONS = Reasons({"timed_out": Reason("timed_out", "global", "test", True)})
FAILED = {"one": run(ONE, Status.FAILED, "timed_out")}

Call = Callable[[Ledger], tuple[Post, ...]]


def _credit(*references: str) -> Call:
    return lambda ledger: ledger.post(lambda book: [topup("tenant", 20, "wire", name) for name in references])


def _charge(what: PlannedOrder) -> Call:
    return lambda ledger: ledger.post(lambda book: decide_charge(
        book, what, Tenant("tenant", "A tenant"), {}, TODAY).posts)


def _refund(ledger: Ledger) -> tuple[Post, ...]:
    return ledger.post(lambda book: settle(book, TEA, FAILED, REASONS))


def _checkpoint(ledger: Ledger) -> tuple[Post, ...]:
    ledger.checkpoint()
    return ()


CALLS: tuple[Call, ...] = (_credit("a"), _charge(TEA), _checkpoint, _refund, _charge(TEA), _credit("b", "c"),
                           _charge(MILK), _checkpoint)
_POSTS_AFTER = (1, 2, 2, 3, 4, 6, 7, 7)  # how many posts are acknowledged once a call has returned


class Day:
    """The calls, made on a folder. `acknowledged` is how many posts somebody was told of."""

    def __init__(self, folder: Path, disk: Disk = DISK) -> None:
        self.folder, self.acknowledged = folder, 0
        self._disk = disk

    def go(self, heard: Callable[[int], None] = lambda posts: None) -> None:
        """All calls, each on the ledger that the first one opened; `heard` is told after each."""
        with closing(Ledger.create(self.folder, noon, self._disk, snapshot_posts=1)) as ledger:
            for call, posts in zip(CALLS, _POSTS_AFTER, strict=True):
                call(ledger)
                self.acknowledged = max(self.acknowledged, posts)
                heard(self.acknowledged)


def posts_of(folder: Path) -> list[dict[str, object]]:
    """The posts of a state, as JSON; CorruptError as the ledger says it."""
    with closing(Ledger.open(folder, noon, snapshot_posts=1)) as ledger:
        return [{"key": record.post.key, **body_of(record.post)} for record in ledger.records()]


@cache
def golden() -> tuple[dict[str, object], ...]:
    with scratch() as folder:
        Day(folder).go()
        return tuple(posts_of(folder))


def wrong(folder: Path, acknowledged: int, *, power_lost: bool = False) -> str:
    """Which promise a state breaks, after a crash: before anything is done about it, and after all is done again."""
    try:
        if Ledger.exists(folder):
            before = posts_of(folder)
            if tuple(before) != golden()[:len(before)]:
                return "posts that were not asked for, or doubled, or out of order"
            if len(before) < acknowledged:
                return f"lost: {acknowledged} posts were acknowledged, {len(before)} are there"
            if not power_lost and (found := verify(folder).findings):
                return f"wrongly refused: {found[0]}"
        elif acknowledged:
            return f"lost: {acknowledged} posts were acknowledged, the state is gone"
        Day(folder).go()
        if tuple(posts_of(folder)) != golden():
            return "the retry does not converge"
        findings = verify(folder).findings
    except CorruptError as error:
        return f"wrongly refused: {error}"
    return f"after the retry: {findings[0]}" if findings else ""


def state_of_posts(folder: Path, count: int = 20) -> None:
    """A state with `count` posts and a checkpoint: the day, and top-ups after it."""
    Day(folder).go()
    with closing(Ledger.open(folder, noon, snapshot_posts=1)) as ledger:
        for number in range(count - len(golden())):
            _credit(f"more-{number}")(ledger)
        ledger.checkpoint()


def copy(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, to)
