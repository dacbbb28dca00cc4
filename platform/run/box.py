"""Bubblewrap's command for one child, the files in memory that it gets, and the size of the child's
in-memory directories."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platform.run.sandbox import IN_MEMORY, Access, Machine, bubblewrap

_INFO_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Box:
    """The words in front of a command that start it in bubblewrap, and the file descriptors that
    they name. Without bubblewrap, both are empty."""

    command: tuple[str, ...] = ()
    handles: tuple[int, ...] = ()
    info: int = -1  # bubblewrap writes the PID of the first process inside to this file

    def held_bytes(self) -> int:
        """The bytes in the in-memory directories. Zero if this is not visible from outside; then
        only the sizes of these directories limit it."""
        if self.info < 0:
            return 0
        try:
            first = json.loads(os.pread(self.info, _INFO_BYTES, 0))["child-pid"]
            return sum(map(_used_bytes, (f"/proc/{first}/root{folder}" for folder in IN_MEMORY)))
        except (OSError, ValueError, KeyError):  # the child has just ended, or has not started
            return 0


def _used_bytes(folder: str) -> int:
    if Path(folder).stat().st_dev in (Path(outside).stat().st_dev for outside in IN_MEMORY):
        return 0  # the PID belongs to another process now
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextlib.contextmanager
def box(access: Access, machine: Machine) -> Iterator[Box]:
    """Bubblewrap for one child. Its arguments are in a file, because a command line has a limited
    length and is visible to all users."""
    words = b"".join(word.encode() + b"\0" for word in bubblewrap(access, machine))
    with (
        memory("arguments", words) as arguments,
        memory("info") as info,
        memory("filter", machine.filter) as calls,
    ):
        handles = (arguments, info, calls) if machine.filter else (arguments, info)
        options = ("--args", "--info-fd", "--seccomp")[: len(handles)]
        pairs = [
            word
            for option, handle in zip(options, handles, strict=True)
            for word in (option, str(handle))
        ]
        yield Box((machine.bwrap, *pairs, "--"), handles, info)


@contextlib.contextmanager
def memory(name: str, content: bytes = b"") -> Iterator[int]:
    """A file in memory, positioned at its beginning. A child can inherit it, it never blocks,
    and it leaves nothing on disk."""
    handle = os.memfd_create(name)
    try:
        if content:
            os.write(handle, content)
            os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)
