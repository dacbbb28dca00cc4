"""A command as a check: it is run in the repository that is verified, with the code of this one."""
import os
import subprocess
import sys
from pathlib import Path

from platform.ledger.journal.log import JOURNAL
from platform.verify.verdict import Check

HOME = Path(__file__).resolve().parents[2]  # where the code is; the repository that is verified may be another
CLI = (sys.executable, "-c", "import _platform_boot, sys; sys.exit(_platform_boot.main())")  # from any folder
TAIL = 5  # lines that are shown of a command that failed


def script(name: str) -> tuple[str, ...]:
    """The command line of one of our scripts."""
    return sys.executable, str(HOME / "scripts" / f"{name}.py")


def told(name: str, words: list[str], root: Path, unchanged: Path | None = None) -> Check:
    """Its exit status and its last words. The journal in the folder `unchanged` must stay as it is."""
    before = _journal(unchanged)
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(words, cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-TAIL:]
        return Check(name, False, f"exit {done.returncode}: {' | '.join(lines)}")
    if unchanged is not None and _journal(unchanged) != before:
        return Check(name, False, "posted something, though nothing had changed")
    return Check(name, True, (done.stdout.strip().splitlines() or [""])[-1])


def _journal(folder: Path | None) -> bytes:
    return (folder / JOURNAL).read_bytes() if folder and (folder / JOURNAL).exists() else b""
