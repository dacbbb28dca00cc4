"""Each of these ideas is coded once: the text of a moment, the lock, the temporary file that takes a
name, the file that only saves time."""
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from platform import flock
from platform.files import CacheFile, replacing
from platform.model.characters import one_line
from platform.model.utc import utc_moment, utc_text

ROOT = Path(__file__).parents[2]
MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("text", "at"), [
    ("2026-11-01T12:00:00Z", MADE), ("2026-11-01T14:00:00+02:00", MADE), ("2026-11-01T12:00:00", None),
    ("", None), ("yesterday", None), ("2026-13-01T12:00:00Z", None), ("0001-01-01T00:00:00+01:00", None),
])
def test_a_moment_is_read_or_refused(text: str, at: datetime | None) -> None:
    if at is None:
        with pytest.raises(ValueError):
            utc_moment(text)
    else:
        assert utc_moment(text) == at


@pytest.mark.parametrize(("at", "text"), [
    (MADE, "2026-11-01T12:00:00Z"),
    (MADE.astimezone(timezone(timedelta(hours=5))), "2026-11-01T12:00:00Z"),
    (MADE.replace(microsecond=999_999), "2026-11-01T12:00:00Z"),
    (datetime(999, 1, 2, tzinfo=UTC), "0999-01-02T00:00:00Z"),
])
def test_a_moment_has_one_text(at: datetime, text: str) -> None:
    assert utc_text(at) == text
    assert utc_text(utc_moment(text)) == text


def test_a_line_is_one_line() -> None:
    assert one_line("a\tb\n c\x1b[31m\u202e") == "a b c\\x1b[31m\\u202e"


@pytest.mark.parametrize(("idea", "homes"), [
    (r"fcntl\.flock", {"flock.py"}),
    (r"NamedTemporaryFile|mkstemp", {"verify/places.py"}),  # doctor tries what a folder allows
    (r"strptime|strftime\(", {"plan/period.py"}),  # to the minute: the text is part of a task's hash
    (r"def (one_line|printable|utc_text|utc_moment|write_atomic)\(",
     {"files.py", "model/characters.py", "model/utc.py"}),
])
def test_an_idea_has_one_home(idea: str, homes: set[str]) -> None:
    found = {path.relative_to(ROOT / "platform").as_posix() for path in (ROOT / "platform").rglob("*.py")
             if re.search(idea, path.read_text())}
    assert found == homes


def test_another_process_waits_for_the_lock(tmp_path: Path) -> None:
    handle = flock.open_lock(tmp_path / "lock")
    assert flock.take_now(handle)
    ask = ("import sys; sys.path.insert(0, sys.argv[1]); import _platform_boot; from pathlib import Path; "
           "from platform import flock; print(flock.take_now(flock.open_lock(Path(sys.argv[2]))))")
    command = [sys.executable, "-c", ask, str(ROOT), str(tmp_path / "lock")]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n"
    flock.release(handle)
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"
    os.close(handle)


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert (target.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (b"old", ["file"])
    with replacing(target, durable=True) as file:
        file.write(b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o644)


def test_a_name_that_is_taken_is_not_given_twice(tmp_path: Path) -> None:
    for written in (b"first", b"second"):
        with pytest.raises(FileExistsError) if written == b"second" else nullcontext(), \
                replacing(tmp_path / "name", once=True) as file:
            file.write(written)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("name", b"first")]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff"])
def test_a_damaged_cache_is_empty_and_mended(tmp_path: Path, damage: bytes) -> None:
    kept = CacheFile(tmp_path / "cache.json")
    assert kept.read(lambda value: value["a"]) is None
    (tmp_path / "cache.json").write_bytes(damage)
    assert kept.read(lambda value: value["a"]) is None
    assert kept.write({"a": 1}) and kept.read(lambda value: value["a"]) == 1


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not CacheFile(tmp_path / "file" / "cache.json").write({})
    assert not CacheFile(None).write({}) and CacheFile(None).read(dict) is None
