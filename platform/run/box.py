"""Bubblewrap's command for one child, what is handed to it in memory, and what the child keeps in
memory inside."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platform.run.sandbox import IN_MEMORY, Machine, Room, bubblewrap

_INFO_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Box:
    """What starts a command inside: the words in front of it, and the handles that they speak of.
    Outside bubblewrap there are neither."""

    command: tuple[str, ...] = ()
    handles: tuple[int, ...] = ()
    info: int = -1  # bubblewrap writes there which process is the first one inside

    def held_bytes(self) -> int:
        """What lies in the folders that are kept in memory. Zero where that cannot be seen from
        outside; then their sizes alone limit it."""
        if self.info < 0:
            return 0
        try:
            first = json.loads(os.pread(self.info, _INFO_BYTES, 0))["child-pid"]
            return sum(map(_used_bytes, (f"/proc/{first}/root{folder}" for folder in IN_MEMORY)))
        except (OSError, ValueError, KeyError):  # it has just ended, or has not begun
            return 0


def _used_bytes(folder: str) -> int:
    if Path(folder).stat().st_dev in (Path(outside).stat().st_dev for outside in IN_MEMORY):
        return 0  # a process that has come in the place of one that ended
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextlib.contextmanager
def box(room: Room, machine: Machine) -> Iterator[Box]:
    """Bubblewrap for one child. Its arguments are not on the command line, which has an end and
    which all can read."""
    words = b"".join(word.encode() + b"\0" for word in bubblewrap(room, machine))
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
    """A file in memory, to be read from its beginning: it can be handed on, never blocks, and
    leaves nothing on disk."""
    handle = os.memfd_create(name)
    try:
        if content:
            os.write(handle, content)
            os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)
