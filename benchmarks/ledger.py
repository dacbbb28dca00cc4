"""The ledger's cost, as ratios within one run: `python benchmarks/ledger.py [posts to open, default 100000]`.

Single posts against a raw append+fsync of the same bytes and against SQLite (WAL, synchronous=FULL), and what they cost
without the disk; posts in batches and by threads that share an fsync; opening a long journal from its snapshot and
without one; memory of its book. Times differ between disks and machines, ratios less.
"""
import os
import sqlite3
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.ledger.audit import verify
from platform.ledger.credit import topup
from platform.ledger.disk import Disk
from platform.ledger.journal import Ledger
from platform.ledger.snapshot import FEWEST_POSTS

SINGLE, BATCH = 500, 1000


def rate(count: int, act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return count / (time.perf_counter() - start)


def raw(path: Path, line: bytes, count: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        os.write(handle, line)
        os.fsync(handle)
    os.close(handle)


def interleaved(ledger: Ledger, path: Path, line: bytes, rounds: int = 20) -> tuple[float, float]:
    """Rates of raw appends and of single posts, in turns: a disk's speed changes from one second to the next."""
    raw_s = posts_s = 0.0
    for turn in range(rounds):
        raw_s += 1 / rate(1, lambda: raw(path, line, SINGLE // rounds))
        posts_s += 1 / rate(1, lambda: single(ledger, f"i{turn}", SINGLE // rounds))  # noqa: B023 (called at once)
    return SINGLE / raw_s, SINGLE / posts_s


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


def opened(folder: Path, snapshot_posts: int | None) -> None:
    """What a process does first: it opens the state, and compares its files before the first post."""
    with closing(Ledger.open(folder, snapshot_posts=snapshot_posts)) as ledger:
        single(ledger, f"first-{snapshot_posts}", 1)


class NoSync(Disk):
    """Everything but the wait for the disk."""

    def sync(self, handle: int) -> None:
        pass


def without_disk(folder: Path, rounds: int = 50) -> float:
    """Seconds of a post that are not the disk's: the least of some rounds, for others use the machine too."""
    ledger = Ledger.create(folder, disk=NoSync())
    return min(1 / rate(1, lambda: single(ledger, f"n{turn}", 10)) for turn in range(rounds)) / 10  # noqa: B023


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        ledger = Ledger.create(folder / "single")
        single(ledger, "warm", 10)
        line = (folder / "single" / "journal.csv").read_bytes().splitlines(keepends=True)[-1]
        base, alone = interleaved(ledger, folder / "raw", line)
        print(f"raw append+fsync        {base:9.0f}/s   1.00   {1e6 / base:.0f} us each")
        print(f"single posts            {alone:9.0f}/s   {alone / base:.2f}   {1e6 / alone - 1e6 / base:.0f} us more")
        print(f"of that without fsync: {without_disk(folder / 'nosync') * 1e6:.0f} us a post")
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
        print(f"the same without a snapshot: {1 / rate(1, lambda: opened(folder / 'long', None)):.2f} s")
        print(f"verify them all: {1 / rate(1, lambda: verify(folder / 'long')):.2f} s")
        tracemalloc.start()
        kept = Ledger.open(folder / "long")
        print(f"memory of the book: {tracemalloc.get_traced_memory()[0] / kept.book.seq:.0f} bytes a post")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
