"""The ledger's cost, as ratios within one run: `python benchmarks/ledger.py [posts to open, default
100000]`.

Single posts against a raw append+fsync of the same bytes and against SQLite (WAL,
synchronous=FULL), and what they cost without the disk; posts in batches and by threads that share
an fsync; opening a long journal from its snapshot and without one; memory of its book. Times differ
between disks and machines, ratios less.
"""
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.snapshot import FEWEST_POSTS
from platform.ledger.rules.credit import topup
from platform.model.digest import digest_of
from platform.model.entry import Item, Post, PostType
from platform.model.ids import RUN_CHARGE

SINGLE, BATCH, CHARGES = 500, 1000, 30_000


def rate(count: int, act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return count / (time.perf_counter() - start)


class Appended:
    """A file that grows by the same line, and an fsync, each time."""

    def __init__(self, path: Path, line: bytes) -> None:
        self._handle, self._line = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), line

    def add(self, count: int, pause_s: float = 0.0) -> None:
        """`pause_s`: so long the processor works before each."""
        for _ in range(count):
            until = time.perf_counter() + pause_s
            while pause_s and time.perf_counter() < until:
                pass
            os.write(self._handle, self._line)
            os.fsync(self._handle)


class Slow(Disk):
    """A disk that takes four times as long: each fsync is followed by three of another file."""

    def __init__(self, other: Appended) -> None:
        self.other = other

    def sync(self, handle: int) -> None:
        os.fsync(handle)
        self.other.add(3)


def in_turns(*acts: Callable[[int, int], None], rounds: int = 20) -> list[float]:
    """Seconds of one of each act, all in the same seconds: a disk's speed changes from one to the
    next. An act gets the round and how many it shall do."""
    took = [0.0] * len(acts)
    for turn in range(rounds):
        for number, act in enumerate(acts):
            took[number] += 1 / rate(1, lambda: act(turn, SINGLE // rounds))  # noqa: B023 (called at once)
    return [each / SINGLE for each in took]


def against_raw(folder: Path, disk_of: Callable[[Path], Disk], work_s: float, words: str) -> float:
    """Prints single posts beside raw appends of the same bytes; the seconds of one of those."""
    folder.mkdir()
    ledger = Ledger.create(folder / "state", disk=disk_of(folder / "other"))
    single(ledger, "warm", 10)
    line = (folder / "state" / "journal.csv").read_bytes().splitlines(keepends=True)[-1]
    file, slow = Appended(folder / "raw", line), disk_of(folder / "another")

    def raw(pause_s: float, count: int) -> None:
        for _ in range(count):
            file.add(1, pause_s)
            if isinstance(slow, Slow):
                slow.other.add(3)

    base, paused, posts = in_turns(
        lambda _, count: raw(0, count),
        lambda _, count: raw(work_s, count),
        lambda turn, count: single(ledger, f"i{turn}", count),
    )
    print(
        f"{words}: raw append+fsync {1 / base:.0f}/s, single posts {base / posts:.2f} of it; raw "
        f"with "
        f"{work_s * 1e6:.0f} us of work before each {base / paused:.2f} of it"
    )
    return base


def sqlite(path: Path, line: bytes) -> None:
    with sqlite3.connect(path, isolation_level=None) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE post (seq INTEGER PRIMARY KEY, key TEXT UNIQUE, body BLOB)")
        for number in range(SINGLE):
            database.execute("INSERT INTO post (key, body) VALUES (?, ?)", (str(number), line))
    database.close()


def single(ledger: Ledger, name: str, count: int = SINGLE) -> None:
    for number in range(count):
        ledger.post(lambda book: [topup("tenant", 1, "wire", f"{name}-{number}")])  # noqa: B023 (called at once)


def threads(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: single(ledger, f"t{name}", SINGLE // 8), range(8)))


def batches(ledger: Ledger, count: int) -> None:
    for first in range(0, count, BATCH):
        posts = [topup("tenant", 1, "wire", f"b{number}") for number in range(first, first + BATCH)]
        ledger.post(lambda book: posts)  # noqa: B023 (called at once)


def charges(ledger: Ledger, count: int) -> None:
    """Posts as runs make them: a charge of three items each."""
    ledger.post(lambda book: [topup("tenant", 10**9, "wire", "first")])
    for first in range(0, count, BATCH):
        posts = [charge(number) for number in range(first, first + BATCH)]
        ledger.post(lambda book: posts)  # noqa: B023 (called at once)


def charge(number: int) -> Post:
    items = tuple(
        Item(
            f"SPEND:{number}.{step}",
            "say",
            f"step{step}",
            RUN_CHARGE,
            PostType.SPEND,
            -5,
            digest_of([number, step]),
            0,
        )
        for step in range(3)
    )
    return Post(
        f"charge:{number}",
        "charge",
        "tenant",
        PostType.SPEND,
        -15,
        f"order{number % 50}",
        items=items,
    )


def opened(folder: Path, snapshot_posts: int | None) -> None:
    """What a process does first: it opens the state, and compares its files before the first
    post."""
    with closing(Ledger.open(folder, snapshot_posts=snapshot_posts)) as ledger:
        single(ledger, f"first-{snapshot_posts}", 1)


def verified(folder: Path) -> float:
    """Seconds that it takes in a process of its own, without the start of Python."""
    words = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import _platform_boot; from pathlib "
        "import Path; "
        "from platform.ledger.proof.audit import verify; start = time.perf_counter(); "
        "assert not verify(Path(sys.argv[2])).findings; print(time.perf_counter() - start)"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", words, root, folder], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def tries(folder: Path) -> str:
    """How long each of ten takes, the quickest first; beside it how long a loop took the slowest
    processor before and after, all of them at it at once: others use them too."""
    took, processors = [], os.cpu_count() or 1
    with ProcessPoolExecutor(processors) as pool:
        before_s = max(pool.map(loop, range(processors)))
        for _ in range(10):
            verify_s, after_s = verified(folder), max(pool.map(loop, range(processors)))
            took.append(f"{verify_s:.2f} s ({before_s * 1e3:.0f}, {after_s * 1e3:.0f} ms)")
            before_s = after_s
    return ", ".join(sorted(took))


def loop(_: int) -> float:
    total, start = 0, time.perf_counter()
    for number in range(1_000_000):
        total += number
    return time.perf_counter() - start


class NoSync(Disk):
    """Everything but the wait for the disk."""

    def sync(self, handle: int) -> None:
        pass


def without_disk(folder: Path, rounds: int = 50) -> float:
    """Seconds of a post that are not the disk's: the least of some rounds, for others use the
    machine too."""
    ledger = Ledger.create(folder, disk=NoSync())
    return min(1 / rate(1, lambda: single(ledger, f"n{turn}", 10)) for turn in range(rounds)) / 10  # noqa: B023


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        work_s = without_disk(folder / "nosync")
        print(f"a post without fsync: {work_s * 1e6:.0f} us")
        against_raw(folder / "slow", lambda path: Slow(Appended(path, b"." * 400 + b"\n")), work_s,
                    "on a disk that takes four times as long")
        base = 1 / against_raw(folder / "disk", lambda path: Disk(), work_s, "on this disk")
        ledger, line = Ledger.create(folder / "single"), b"." * 400
        for what, of, act in (("8 threads", SINGLE // 8 * 8, lambda: threads(ledger)),
                              ("SQLite WAL FULL", SINGLE, lambda: sqlite(folder / "sqlite", line))):
            got = rate(of, act)
            print(f"{what:<23} {got:9.0f}/s   {got / base:.2f}")
        long = Ledger.create(folder / "long")
        got = rate(count, lambda: batches(long, count))
        print(f"batches of {BATCH:<12} {got:9.0f}/s   {got / base:.2f}")
        print(f"checkpoint after them: {1 / rate(1, long.checkpoint):.2f} s")
        took = 1 / rate(1, lambda: opened(folder / "long", FEWEST_POSTS))
        print(f"open {count} posts, and post one: {took:.2f} s")
        print(f"verify them all: {tries(folder / 'long')}")
        print(
            f"open them without a snapshot: "
            f"{1 / rate(1, lambda: opened(folder / 'long', None)):.2f} s"
        )
        charged = Ledger.create(folder / "charged")
        charges(charged, CHARGES)
        charged.checkpoint()
        print(f"verify {CHARGES} charges of three items: {tries(folder / 'charged')}")
        tracemalloc.start()
        kept = Ledger.open(folder / "long")
        print(
            f"memory of the book: {tracemalloc.get_traced_memory()[0] / kept.book.seq:.0f} bytes "
            f"a post"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
