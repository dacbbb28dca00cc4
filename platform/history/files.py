"""Where the history is, and how a line is added to it.

    runtime/.runs/2026-11-28/index.jsonl      a line when an invocation begins, and when it ends
    runtime/.runs/2026-11-28/<id>.jsonl       the tasks of one invocation; locked while it runs
    runtime/.runs/2026-11-28/blobs/<sha256>   records and logs

A day is UTC, and an invocation belongs to the day on which it began. So all of a day is removed as
one directory, and nothing else refers to it. Lines are added with one write each, by any number of
processes. A line that a crash cut off is ignored, and the next line does not continue it.

Modules can reach these files. So none is opened through a link, a second name of a file is refused,
and what is read is checked before it is used.
"""
import errno
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from platform.confined import Folder, Refused
from platform.openat import HARD_LINK, words_of
from platform.owned import exists, owned, replace, writing

HISTORY, DAY_INDEX, BLOBS = ".runs", "index.jsonl", "blobs"


def history_dir(runtime_dir: Path) -> Path:
    return runtime_dir / HISTORY


def tasks_name(invocation_id: str) -> str:
    """The name of the file with an invocation's tasks."""
    return f"{invocation_id}.jsonl"


def blob_path(runtime_dir: Path, day: str, digest: str) -> Path:
    """The absolute path of kept bytes."""
    return history_dir(runtime_dir) / day / BLOBS / digest


def open_lines(folder: Folder, name: str) -> int:
    """A handle to add lines to a file, which is created if it is missing.

    Raises:
        Refused: a link, a file with another name, or anything that is not a file is there.
        OSError: the disk refuses.
    """
    handle = writing(folder, name, os.O_RDWR | os.O_APPEND)
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return handle
    os.close(handle)
    what = HARD_LINK if stat.S_ISREG(status.st_mode) else words_of(status.st_mode)
    raise Refused(folder.named(name), what, errno.EMLINK)


def add_line(handle: int, line: bytes) -> None:
    """Add one line with one write. OSError if the disk does not take all of it."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        line = b"\n" + line  # a crash or a full disk cut the last line off
    if write_line(handle, line + b"\n") != len(line) + 1:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


write_line = os.write  # a test replaces it


def add_end(runtime_dir: Path, invocation: Mapping[str, object]) -> bool:
    """Add the whole line of an invocation without tasks (`model.history.Invocation`, whose import
    takes longer than the line). Return whether it is the first of its day. OSError."""
    with owned(runtime_dir, HISTORY, str(invocation["began_at"])[:10], make=True) as day:
        first = not exists(day, DAY_INDEX)
        handle = open_lines(day, DAY_INDEX)
    try:
        add_line(handle, json.dumps(invocation, separators=(",", ":")).encode())
    finally:
        os.close(handle)
    return first


def keep_bytes(blobs: Folder, data: bytes) -> str:
    """Keep bytes under their digest, unless they are there already; the digest. OSError."""
    digest = hashlib.sha256(data).hexdigest()
    if not exists(blobs, digest):
        replace(blobs, digest, data)
    return digest
