"""Findings about this machine, without the sandbox: clock, encoding, Python, Graphviz."""

import locale
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from platform.model.utc import utc_moment, utc_text
from platform.verify.finding import MISSING, OK, WARNING, Finding

_JOURNAL = "journal.csv"
_TAIL_BYTES = 1 << 20
_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # a correct clock cannot show an earlier time
_OLDEST_PYTHON = (3, 11)


def host(billing_state_dir: Path) -> Iterator[Finding]:
    yield clock(datetime.now(UTC), last_post(billing_state_dir))
    yield encoding(sys.getfilesystemencoding(), locale.getpreferredencoding(False))
    yield python()
    yield graphviz()


def clock(now: datetime, last: str) -> Finding:
    """Whether the clock can be right, and is not before the last post (ISO 8601, or empty)."""
    shown = utc_text(now)
    fix = "set the clock (timedatectl set-ntp true)"
    if now < _WRITTEN:
        return Finding(
            "clock", WARNING, shown, "runs use the prices and periods of another day", fix
        )
    if last > shown:
        return Finding(
            "clock",
            WARNING,
            f"{shown}, but the last post is of {last}",
            "new posts have an earlier time than the posts before them",
            fix,
        )
    behind = f"; the last post is of {last}" if last else "; nothing was posted yet"
    return Finding(
        "clock", OK, f"{shown} UTC{behind}, {time.get_clock_info('monotonic').implementation}"
    )


def last_post(billing_state_dir: Path) -> str:
    """The time in the journal's last line, or an empty string. The journal is not verified."""
    try:
        with (billing_state_dir / _JOURNAL).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            fields = file.read().rstrip(b"\n").rpartition(b"\n")[2].split(b",", 2)
    except OSError:
        return ""
    time_ = fields[1].decode("ascii", "replace") if len(fields) == 3 and fields[0].isdigit() else ""
    try:
        utc_moment(time_)
    except ValueError:
        return ""
    return time_


def encoding(files: str, texts: str) -> Finding:
    """Whether names and texts beyond ASCII are written unchanged."""
    if {files.lower().replace("-", ""), texts.lower().replace("-", "")} <= {"utf8"}:
        return Finding("encoding", OK, f"UTF-8 (LANG={os.environ.get('LANG', '')})")
    return Finding(
        "encoding",
        WARNING,
        f"{files} for names, {texts} for text",
        "lines with letters beyond ASCII may be unreadable in a terminal or a log",
        "set LANG=C.UTF-8, or PYTHONUTF8=1",
    )


def python() -> Finding:
    found = f"{sys.version.split()[0]} ({sys.executable})"
    fix = "run scripts/setup with Python 3.11 or newer"
    if sys.version_info[:2] < _OLDEST_PYTHON or sys.maxsize < 1 << 32:
        return Finding("Python", WARNING, found, "only 64-bit Python from 3.11 on is tested", fix)
    if sys.prefix == sys.base_prefix:
        return Finding(
            "Python",
            WARNING,
            f"{found}, no virtual environment",
            "steps can import any package that is installed on this machine",
            "run scripts/setup, then use .venv/bin/doit",
        )
    return Finding("Python", OK, found)


def graphviz() -> Finding:
    try:
        done = subprocess.run(
            ["dot", "-V"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return Finding(
            "Graphviz",
            MISSING,
            "the program `dot` is missing",
            "`graph --format svg` and HTML statements have no drawings; nothing else needs it",
            "apt-get install graphviz",
        )
    return Finding("Graphviz", OK, (done.stderr or done.stdout).strip().partition("\n")[0])
