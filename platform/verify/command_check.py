"""A command as a check: it runs in the repository to verify, with the code of this one."""
import os
import subprocess
import sys
from pathlib import Path

from platform.ledger.journal.file_store import JOURNAL
from platform.verify.verdict import Check

HOME = Path(__file__).resolve().parents[2]  # of this code; the repository to verify may be another
# The command line works in any directory.
CLI = (sys.executable, "-c", "import _platform_boot, sys; sys.exit(_platform_boot.main())")
TAIL = 5  # the number of lines shown of a failed command


def script(name: str) -> tuple[str, ...]:
    """The command line of a script in scripts/."""
    return sys.executable, str(HOME / "scripts" / f"{name}.py")


def command_check(name: str, command: list[str], root: Path,
                  unchanged: Path | None = None) -> Check:
    """Run a command; its exit status must be 0, and its last line is the detail.

    The journal in the directory `unchanged` must not change.
    """
    before = _journal(unchanged)
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-TAIL:]
        return Check(name, False, f"exit {done.returncode}: {' | '.join(lines)}")
    if unchanged is not None and _journal(unchanged) != before:
        return Check(name, False, "posted something although nothing had changed")
    return Check(name, True, (done.stdout.strip().splitlines() or [""])[-1])


def _journal(folder: Path | None) -> bytes:
    return (folder / JOURNAL).read_bytes() if folder and (folder / JOURNAL).exists() else b""
