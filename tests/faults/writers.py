"""Processes with three threads each on one state, killed at random: what any was told is there, once; nothing twice."""
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import verify
from tests.faults.points import Point, Points

ROOT = Path(__file__).resolve().parents[2]
SECONDS, WRITERS, BETWEEN_KILLS_S = (3, 60), 4, 0.15
WRITER = """
import sys; sys.path.insert(0, sys.argv[1]); import _platform_boot
import os, threading
from pathlib import Path
from platform.ledger.rules.credit import topup
from platform.ledger.journal.ledger import Ledger
ledger = Ledger.create(Path(sys.argv[2]), snapshot_posts=30)
def write(name):
    number = 0
    while True:
        ledger.post(lambda book: [topup("tenant", 1, method, f"{name}-{number}") for method in "mn"])
        os.write(1, f"{name}-{number}\\n".encode())
        number += 1
        if number % 20 == 0: ledger.checkpoint()
def end(wrong):
    os.write(2, (repr(wrong.exc_value) + "\\n").encode())
    os._exit(1)
threading.excepthook = end
for thread in "abc": threading.Thread(target=write, args=[sys.argv[3] + thread]).start()
"""


def writers(seed: int) -> Points:
    for seconds in SECONDS:
        yield Point(f"{seconds}s", partial(_attempt, seed, seconds))


def _attempt(seed: int, seconds: int, folder: Path) -> str:
    chance, told, begun = random.Random(seed), set[str](), 0
    until = time.monotonic() + seconds
    running: list[subprocess.Popen[str]] = []
    while time.monotonic() < until or begun < 2 * WRITERS:
        while len(running) < WRITERS:
            running.append(start(folder, f"w{begun}"))
            begun += 1
        time.sleep(BETWEEN_KILLS_S)
        told |= kill(running.pop(chance.randrange(len(running))))
    for process in running:
        told |= kill(process)
    return judge(folder, told)


def start(folder: Path, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(ROOT), str(folder), name],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})


def kill(process: "subprocess.Popen[str]") -> set[str]:
    """What it was told before it died; a writer that ended by itself says why."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout and process.stderr
    with process, process.stdout as stdout, process.stderr as stderr:  # not communicate: a line may have been read
        out, err = stdout.read(), stderr.read()
    heard = {line.strip() for line in out.splitlines(keepends=True) if line.endswith("\n")}
    return heard | ({f"a writer ended: {err.splitlines()[-1]}"} if err else set())


def judge(folder: Path, told: set[str]) -> str:
    """Each call has two posts. A kill in the middle of its write, which the kernel does page by page, may leave the
    first alone, but nobody was told of that."""
    if ended := [line for line in told if line.startswith("a writer ended")]:
        return ended[0]
    try:
        with closing(Ledger.open(folder, snapshot_posts=30)) as ledger:
            ledger.checkpoint()
            there = [str(record.post.metadata["reference"]) for record in ledger.records()]
    except CorruptError as error:
        return f"wrongly refused: {error}"
    if lost := told - set(there):
        return f"lost: {len(lost)} of {len(told)}"
    times = Counter(there)
    if wrong := [name for name, count in times.items() if not (2 if name in told else 1) <= count <= 2]:
        return f"doubled, or half of what was acknowledged: {wrong[0]} is there {times[wrong[0]]} times"
    return next(iter(verify(folder).findings), "")
