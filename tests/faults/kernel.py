"""The process is killed by the kernel at each of its system calls (strace injects the SIGKILL), on a real disk; and the
next one, which recovers from that, is killed as well."""
import random
import shutil
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.work import wrong

ROOT = Path(__file__).resolve().parents[2]
CALLS = ("openat", "newfstatat", "flock", "write", "pwrite64", "pread64", "fsync", "ftruncate", "rename", "mkdir",
         "close")
RECOVERY_CALLS = 12  # of each kind, from opening to the first post after a crash
_BEGINS = "the-campaign-begins"
_DAY = f"""
import sys; sys.path.insert(0, sys.argv[1]); import _platform_boot
from pathlib import Path
from tests.faults.work import Day
try: open("{_BEGINS}")
except FileNotFoundError: pass
Day(Path(sys.argv[2])).go(lambda posts: print(posts, flush=True))
"""


def kernel(seed: int) -> Points:
    """Nothing where there is no strace, or where it may not trace."""
    for call, (first, last) in _numbers().items():
        for number in range(first, last + 1):
            yield Point(f"{call}.{number - first + 1}", partial(_attempt, [(call, number)]))


def kernel_again(seed: int) -> Points:
    """Each of those, and after each one the process that recovers, at one call of its beginning that the seed chooses:
    all of them would be days."""
    chance, numbers = random.Random(seed), _numbers()
    for call, (first, last) in numbers.items():
        for number in range(first, last + 1):
            second = chance.choice(CALLS[:-1])
            at = chance.randrange(RECOVERY_CALLS)
            yield Point(f"{call}.{number - first + 1}+{second}.{at + 1}",
                        partial(_attempt, [(call, number), (second, numbers[second][0] + at)]))


def _day(folder: Path, *tracer: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*tracer, sys.executable, "-c", _DAY, str(ROOT), str(folder)], capture_output=True, text=True,
                          check=False)


def _strace(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return _day(folder, "strace", "-f", "-qq", *options)


@cache
def _numbers() -> dict[str, tuple[int, int]]:
    """Of each call, the number of the first and of the last one that belong to the day, not to Python's start."""
    if shutil.which("strace") is None:
        return {}
    with scratch() as folder:  # once without strace: Python then finds all modules compiled, and so at each start
        _day(folder)
    with scratch() as folder:
        folder.parent.joinpath("log").touch()
        log = folder.parent / "log"
        if _strace(folder, "-o", str(log), "-e", f"trace={','.join(CALLS)}").returncode:
            return {}
        lines = [line.split(maxsplit=1)[1] for line in log.read_text(errors="replace").splitlines()]
    begins = next(index for index, line in enumerate(lines) if _BEGINS in line and line.startswith("openat"))
    names = [line.partition("(")[0] for line in lines]
    return {call: (names[:begins + 1].count(call) + 1, names.count(call)) for call in CALLS}


def _attempt(kills: list[tuple[str, int]], folder: Path) -> str:
    acknowledged = 0
    for turn, (call, number) in enumerate(kills):
        kill = f"inject={call}:signal=SIGKILL:when={number}"
        done = _strace(folder, "-o", "/dev/null", "-e", f"trace={call}", "-e", kill)
        if done.returncode == 0 and turn == 0:
            return "was not killed"  # a recovery may end before its number comes
        heard = [int(line) for line in done.stdout.splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = max(acknowledged, *heard, 0)
    return wrong(folder, acknowledged)
