"""The journal attacked: cut, flipped, on a full disk, killed, and written by many at once."""
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from platform.errors import ConflictError, CorruptError, CreditsError, StaleError, StorageError
from platform.ledger.journal import checkpoint
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import GENESIS, BadRecord, decode, encode
from platform.ledger.proof.audit import audit, rebuild
from platform.ledger.rules.body import body_of
from platform.ledger.rules.credit import topup
from platform.model.digest import canonical_json
from platform.model.entry import Item, Post, PostType
from tests.ledger.conftest import noon
from tests.support import LONGEST_WAIT_S, ended, line_of

ROOT = Path(__file__).resolve().parents[2]


def post(ledger: Ledger, *references: str) -> None:
    ledger.post(lambda book: [topup("tenant", 1, "bank-wire", reference) for reference in references])


def balance(ledger: Ledger) -> int:
    return ledger.book.balance("tenant")


@pytest.fixture
def journal(state: Path, ledger: Ledger) -> Path:
    post(ledger, "a")
    post(ledger, "b")
    return state / "journal.csv"


@pytest.mark.slow
def test_every_cut_is_recovered_and_keeps_what_was_cut_or_is_refused(journal: Path,
                                                                     reopen: Callable[[], Ledger]) -> None:
    whole = journal.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole)):
        journal.write_bytes(whole[:size])
        if size < ends[0]:
            with pytest.raises(CorruptError):
                reopen()
            continue
        complete = sum(end <= size or end == size + 1 for end in ends) - 1
        assert balance(reopen()) == complete
        torn = list(journal.parent.glob("journal.torn.*"))
        assert b"".join(path.read_bytes() for path in torn) == (b"" if size + 1 in ends else whole[:size][max(
            end for end in ends if end <= size):])
        for path in torn:
            path.unlink()


@pytest.mark.slow
def test_every_flipped_bit_is_refused_and_changes_nothing(journal: Path, reopen: Callable[[], Ledger]) -> None:
    whole = journal.read_bytes()
    for at in range(len(whole)):
        for bit in range(8):
            broken = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1:]
            journal.write_bytes(broken)
            with pytest.raises(CorruptError, match=r"journal\.csv:[123]: "):
                reopen()
            assert journal.read_bytes() == broken


@pytest.mark.slow
def test_every_flipped_bit_of_the_other_files_is_refused_before_anything_is_posted(
        journal: Path, state: Path, ledger: Ledger, reopen: Callable[[], Ledger]) -> None:
    ledger.checkpoint()
    before = journal.read_bytes()
    for path in sorted([*state.glob("*.csv"), *state.glob("*.json")]):
        whole = path.read_bytes()
        for at in range(0, len(whole), 3):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
            with pytest.raises(CorruptError, match=path.name):
                post(reopen(), "c")
        path.write_bytes(whole)
    assert journal.read_bytes() == before
    post(reopen(), "c")


def test_a_journal_that_lost_whole_lines_is_behind_its_manifest(journal: Path, ledger: Ledger,
                                                                reopen: Callable[[], Ledger]) -> None:
    ledger.checkpoint()
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(CorruptError, match="manifest names"):
        reopen()


def test_a_manifest_of_fewer_tables_and_of_one_that_is_none_any_more_is_right(state: Path, ledger: Ledger) -> None:
    """A checkpoint of a version that had other tables: upgrades in both directions find nothing wrong."""
    ledger.post(lambda book: [topup("tenant", 1, "wire", "a")])
    ledger.checkpoint()
    known = checkpoint.parse((state / checkpoint.NAME).read_bytes())
    files = {**known.files, "cache_index.csv": known.files["transactions.csv"]}
    del files["transaction_items.csv"]
    (state / checkpoint.NAME).write_bytes(checkpoint.render(replace(known, files=files)))
    assert audit(state) == ()
    Ledger.open(state).checkpoint()
    assert audit(state) == ()


def test_a_lost_journal_is_never_taken_for_a_new_state(journal: Path, state: Path) -> None:
    journal.unlink()
    with pytest.raises(CorruptError, match="is gone"):
        Ledger.create(state)


def test_no_state_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StaleError):
        Ledger.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_post_that_breaks_a_rule_never_reaches_the_journal(ledger: Ledger, journal: Path) -> None:
    before = journal.read_bytes()
    item = Item("REFUND:h:__run__:0", "m", "s", "__run__", PostType.REFUND, 5, "h", 0)
    with pytest.raises(ConflictError, match="does not follow"):
        ledger.post(lambda book: [Post("refund:x", "refund", "tenant", PostType.REFUND, 5, items=(item,))])
    with pytest.raises(CreditsError, match="2 credits and 3 are needed"):
        ledger.post(lambda book: [topup("tenant", 0 + 1, "m", "r"),
                                  Post("x", "charge", "tenant", PostType.SPEND, -1),
                                  Post("y", "charge", "tenant", PostType.SPEND, -3)])
    with pytest.raises(ConflictError):
        ledger.post(lambda book: [topup("tenant", 1, "m", "r"), topup("tenant", 2, "m", "r")])
    assert journal.read_bytes() == before


# projections


def test_a_projection_is_extended_when_it_is_a_beginning_of_the_truth(journal: Path, state: Path, ledger: Ledger,
                                                                      reopen: Callable[[], Ledger]) -> None:
    post(reopen())  # a process looks at the projections before it posts anything, even nothing
    whole = (state / "transactions.csv").read_bytes()
    for checkpointed in (False, True):
        if checkpointed:
            ledger.checkpoint()
        for size in range(0, len(whole), 7):
            (state / "transactions.csv").write_bytes(whole[:size])
            reopen().checkpoint()
            assert (state / "transactions.csv").read_bytes() == whole


def test_unsynced_rows_that_a_power_loss_left_as_zeros_are_filled_and_synced_ones_refused(
        journal: Path, state: Path, ledger: Ledger, reopen: Callable[[], Ledger]) -> None:
    post(reopen())
    path, whole = state / "transactions.csv", (state / "transactions.csv").read_bytes()
    hole = whole[:150] + b"\0" * 40 + whole[190:]
    path.write_bytes(hole)
    reopen().checkpoint()
    assert path.read_bytes() == whole
    path.write_bytes(hole)
    with pytest.raises(CorruptError, match="transactions"):
        reopen().checkpoint()


def test_rebuild_makes_the_same_bytes_from_the_journal_alone(journal: Path, state: Path, ledger: Ledger) -> None:
    ledger.checkpoint()
    right = {path.name: path.read_bytes() for path in state.glob("*.csv")}
    for name in right.keys() - {"journal.csv"}:
        (state / name).write_bytes(b"nonsense\n")
    assert len(audit(state)) == len(right) - 1
    rebuild(state)
    assert {path.name: path.read_bytes() for path in state.glob("*.csv")} == right
    assert audit(state) == ()


def test_a_checkpoint_of_nothing_new_writes_nothing(state: Path, ledger: Ledger, reopen: Callable[[], Ledger]) -> None:
    post(ledger, "a")
    ledger.checkpoint()
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in state.iterdir()}
    reopen().checkpoint()
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in state.iterdir()} == before


def test_two_ledgers_of_one_process_follow_each_other_and_keep_the_projections(state: Path, ledger: Ledger) -> None:
    other = Ledger.open(state, noon)
    post(ledger, "a")
    post(other, "b")
    ledger.refresh()
    post(ledger, "c")
    other.checkpoint()
    ledger.checkpoint()
    assert (balance(ledger), balance(other), audit(state)) == (3, 3, ())


# the disk says no


class FailingDisk(Disk):
    """Fails one kind of operation once, with or without having taken a part."""

    def __init__(self, operation: str, part: int = 0) -> None:
        self.operation, self.part, self.armed = operation, part, False

    def _fail(self, operation: str) -> None:
        if self.armed and operation == self.operation:
            self.armed = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def append(self, handle: int, data: bytes) -> int:
        if self.armed and self.operation == "short":
            self.armed = False
            return super().append(handle, data[: self.part])
        self._fail("append")
        return super().append(handle, data)

    def sync(self, handle: int) -> None:
        self._fail("sync")
        super().sync(handle)


@pytest.mark.parametrize(("operation", "part"), [("append", 0), ("short", 0), ("short", 1), ("short", 100)])
def test_a_write_that_fails_leaves_the_file_as_it_was_and_the_next_one_works(state: Path, operation: str, part: int,
                                                                            reopen: Callable[[], Ledger]) -> None:
    disk = FailingDisk(operation, part)
    ledger = Ledger.create(state, noon, disk)
    post(ledger, "a")
    before, disk.armed = (state / "journal.csv").read_bytes(), True
    with pytest.raises(StorageError):
        post(ledger, "b")
    assert (state / "journal.csv").read_bytes() == before
    post(ledger, "b")
    assert balance(reopen()) == 2


def test_after_an_fsync_that_failed_nothing_is_acknowledged_until_a_new_start(state: Path,
                                                                             reopen: Callable[[], Ledger]) -> None:
    disk = FailingDisk("sync")
    ledger = Ledger.create(state, noon, disk)
    post(ledger, "a")
    disk.armed = True
    with pytest.raises(StorageError):
        post(ledger, "b")
    with pytest.raises(StorageError, match="in doubt"):
        post(ledger, "c")
    again = reopen()
    post(again, "b")
    assert balance(again) == 2


def test_a_post_stays_acknowledged_when_its_projections_cannot_be_written(state: Path, ledger: Ledger) -> None:
    post(ledger, "a")
    ledger.checkpoint()
    path = state / "transactions.csv"
    path.write_bytes(path.read_bytes() + b"somebody's own row\n")
    post(ledger, "b")
    for act in (ledger.checkpoint, lambda: post(ledger, "c"), ledger.checkpoint):
        with pytest.raises(CorruptError, match=r"transactions\.csv:3"):
            act()
    assert balance(Ledger.open(state)) == 2


# many at once

WRITER = """
import sys; sys.path.insert(0, {root!r}); import _platform_boot
from pathlib import Path
from platform.ledger.rules.credit import topup
from platform.ledger.journal.ledger import Ledger
ledger, me = Ledger.create(Path({state!r})), sys.argv[1]
for number in range(int(sys.argv[2])):
    ledger.post(lambda book: [topup("tenant", 1, method, f"{{me}}-{{number}}") for method in "mn"])
    print(number, flush=True)
ledger.checkpoint()
"""


def writer(state: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WRITER.format(root=str(ROOT), state=str(state)), name, str(count)],
                            stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_that_post_at_once_lose_nothing_also_when_they_are_killed(state: Path) -> None:
    writers = {name: writer(state, name, 40) for name in ("a", "b")}
    victims = {name: writer(state, name, 10**6) for name in ("v", "w")}
    acknowledged: set[str] = set()
    for name, process in victims.items():
        assert process.stdout
        acknowledged |= {f"{name}-{line_of(process.stdout).strip()}" for _ in range(15)}
        process.send_signal(signal.SIGKILL)
        acknowledged |= {f"{name}-{line.strip()}" for line in process.stdout if line.endswith("\n")}
        process.wait(timeout=LONGEST_WAIT_S)
        process.stdout.close()
    for name, process in writers.items():
        out, _ = process.communicate(timeout=LONGEST_WAIT_S)
        acknowledged |= {f"{name}-{number}" for number in out.split()}
        assert process.returncode == 0
    ledger = Ledger.open(state)
    ledger.checkpoint()
    posted = [record.post.metadata["reference"] for record in ledger.records()]
    assert acknowledged <= set(posted)
    assert len(acknowledged) >= 2 * 40 + 2 * 15
    assert balance(ledger) == len(posted) == 2 * len(set(posted))
    assert audit(state) == ()


def test_threads_that_post_at_once_share_a_write_and_keep_their_own_errors(ledger: Ledger, state: Path) -> None:
    post(ledger, "a")
    failed: list[str] = []
    begin = threading.Barrier(8)

    def work(name: str) -> None:
        begin.wait(timeout=LONGEST_WAIT_S)
        for number in range(10):
            try:
                post(ledger, f"{name}-{number}")
                ledger.post(lambda book: [Post(f"charge:{name}", "charge", "nobody", PostType.SPEND, -1)])
            except CreditsError:
                failed.append(name)

    threads = [threading.Thread(target=work, args=(str(index),)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST_WAIT_S)
    ledger.checkpoint()
    assert (balance(ledger), len(failed), audit(state)) == (81, 80, ())


def test_a_child_that_was_forked_while_the_lock_was_held_does_not_keep_it(ledger: Ledger, state: Path) -> None:
    ready, go = os.pipe(), os.pipe()

    child = 0

    def decide_and_fork(book: object) -> list[Post]:
        nonlocal child
        child = os.fork()
        if child == 0:
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            os._exit(0)
        return [topup("tenant", 1, "m", "r")]

    ledger.post(decide_and_fork)
    os.read(ready[0], 1)
    post(Ledger.open(state), "while the child lives")
    os.write(go[1], b"x")
    ended(child)
    for handle in (*ready, *go):
        os.close(handle)


def test_a_decision_with_a_bug_is_not_posted_and_does_not_stop_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        ledger.post(lambda book: [topup("tenant", 1 // book.balance("tenant"), "m", "r")])
    post(ledger, "a")
    assert balance(ledger) == 1


ITEM = {"key": "k", "module_id": "say", "step_id": "one", "deliverable_id": "said", "type": "TOPUP",
        "amount_credits": 1, "task_hash": "a", "refund_epoch": 0, "note": "", "metadata": {}}
BODY = {"type": "TOPUP", "amount_credits": 1, "work_order_id": "", "reason_code": "", "note": "", "items": [ITEM],
        "metadata": {}}


@pytest.mark.parametrize(("kind", "body"), [
    *[("topup", {**BODY, name: value}) for name in BODY for value in (None, "1", 1.5, True, [1], {"a": []})
      if not ((name in ("work_order_id", "reason_code", "note") and value == "1") or (name == "metadata" and value == {
          "a": []}))],
    *[("topup", {**BODY, "items": [{**ITEM, name: value}]}) for name in ITEM for value in (None, [1], True)],
    *[(kind, {**BODY, "metadata": told}) for kind in ("completion", "promotion", "publish")
      for told in ({}, {"done": {"a": "b"}, "held": {}}, {"done": [], "held": {}}, {"promo_code": 1}, {"uri": "s"})],
    ("topup", {**BODY, "metadata": {"a": float("nan")}}),
    ("topup", {**BODY, "note": "\ud800"}),
], ids=str)
def test_a_line_with_a_right_hash_and_a_body_that_is_no_post_is_refused(kind: str, body: dict[str, object]) -> None:
    """A hash proves that nobody changed a line since it was made, not who made it."""
    line, _ = encode(1, noon(), Post("k", kind, "tenant", PostType.TOPUP, 1), json.dumps(body).encode(), GENESIS)
    with pytest.raises(BadRecord):
        decode(line, 1, GENESIS)


def test_a_body_that_is_nested_without_end_is_refused_and_a_backslash_is_text() -> None:
    with pytest.raises(BadRecord):
        decode(encode(1, noon(), topup("tenant", 1, "wire", "a"), b"[" * 100_000, GENESIS)[0], 1, GENESIS)
    post = topup("tenant", 1, "wire", "C:\\udrive")
    line, _ = encode(1, noon(), post, canonical_json(body_of(post)), GENESIS)
    assert decode(line, 1, GENESIS).post == post


@pytest.mark.parametrize("post", [
    Post("done", "completion", "tenant", PostType.SPEND, 0, metadata={"done": {}}),
    Post("out", "publish", "tenant", PostType.SPEND, 0, metadata={"step_id": "one"}),
    Post("odd", "topup", "tenant", PostType.TOPUP, 1, metadata={"much": -10**4299})], ids=lambda post: post.key)
def test_a_post_that_nobody_could_read_again_is_not_posted(state: Path, post: Post) -> None:
    with closing(Ledger.create(state, noon)) as ledger:
        ledger.post(lambda book: [topup("tenant", 1, "wire", "a")])
        before = (state / "journal.csv").read_bytes()
        with pytest.raises(ValueError, match="is not a post"):
            ledger.post(lambda book: [post])
        ledger.post(lambda book: [topup("tenant", 1, "wire", "b")])
        ledger.checkpoint()
    assert (state / "journal.csv").read_bytes().startswith(before)
    assert (audit(state), Ledger.open(state, noon).book.seq) == ((), 2)


def test_rows_are_of_what_is_read_and_not_of_what_was_meant(state: Path) -> None:
    """Numbers as names of fields are words in JSON, and words have another order."""
    with closing(Ledger.create(state, noon)) as ledger:
        ledger.post(lambda book: [topup("tenant", 1, "wire", "a")])
        ledger.post(lambda book: [Post("odd", "topup", "tenant", PostType.TOPUP, 1, metadata={"n": {10: 1, 9: 2}})])
        ledger.checkpoint()
    assert audit(state) == ()


def test_a_post_that_nobody_could_read_again_is_its_own_request_and_no_other(state: Path) -> None:
    bad = Post("bad", "publish", "tenant", PostType.SPEND, 0)
    good = [topup("tenant", 1, "wire", name) for name in "ab"]
    with closing(Ledger.create(state, noon)) as ledger:
        with pytest.raises(ValueError, match="is not a post"):
            ledger.post_each([lambda book: good[:1], lambda book: [bad], lambda book: good[1:]])
        assert [record.post for record in ledger.records()] == good


@pytest.mark.parametrize("key", ["a,b", 'a"b', "a\nb", "a\0b", "\ud800"])
def test_a_key_that_no_line_can_have_is_refused_before_anything_is_written(state: Path, key: str) -> None:
    with closing(Ledger.create(state, noon)) as ledger:
        before = (state / "journal.csv").read_bytes()
        with pytest.raises(BadRecord):
            ledger.post(lambda book: [Post(key, "topup", "tenant", PostType.TOPUP, 1)])
        assert (state / "journal.csv").read_bytes() == before


def test_a_state_that_was_checkpointed_before_its_first_post_is_sound(state: Path) -> None:
    with closing(Ledger.create(state, noon)) as ledger:
        ledger.checkpoint()
        ledger.post(lambda book: [topup("tenant", 1, "wire", "a")])
    assert audit(state) == ()
