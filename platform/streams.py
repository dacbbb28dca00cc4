"""Standard output and standard error of our commands, set where a command begins (`_platform_boot`, `cli.guarded`).

Rules: a character that the terminal's encoding does not have is written as an escape; a stream that takes no more (its
reader has gone, the disk is full, the terminal has hung up) drops what follows. So printing never raises, and neither
what is done nor the exit status hangs on who reads.

In GitHub Actions what is written becomes the workflow's log, where `::` at the beginning of a line and `##[` anywhere
in it are commands to the runner. Both are broken up wherever they stand, and control characters spelt, but for the
commands that `command` makes.
"""
import io
import os
import re
import secrets
import select
import sys
from contextlib import suppress
from typing import Any

from platform.model.characters import escaped

_OURS = f"[{secrets.token_hex(16)}]"  # before a command of ours; nobody who writes text can know it
_COLONS, _MARK = re.compile(r":(?=:)"), "##["
_BEGUN = re.compile(r"(?::|##?)?\Z")  # what the next text may make a command of


def guard() -> None:
    """Put our streams in the place of the process's own, unless somebody (a test) put others there before."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:  # one that was closed: no file of ours may get its number
        pass
    os.close(handle)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (for as long as we live)
        elif stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):
                stream.flush()
            setattr(sys, name, _Text(_Unfailing(descriptor), stream.encoding, stream.write_through,
                                     stream.line_buffering or name == "stderr"))


def in_actions() -> bool:
    """Whether this process runs in GitHub Actions."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def command(line: str) -> str:
    """A workflow command, one line, as it must be given to one of our streams to arrive as a command."""
    return f"{_OURS}{line}" if isinstance(sys.stdout, _Text) else line


def is_command(line: str) -> bool:
    return line.startswith(_OURS)


def neutral(text: str) -> str:
    """Text that is no command to a workflow's runner and moves no cursor, but for the lines that `command` made."""
    if _OURS not in text:
        return _COLONS.sub(": ", escaped(text.replace("\r\n", "\n"), "\n\t")).replace(_MARK, "# #[")
    return "\n".join(line.removeprefix(_OURS).replace(_MARK, "# #[") if is_command(line) else
                     neutral(line.replace(_OURS, "")) for line in text.split("\n"))


def neutral_json(text: str) -> str:
    """The same of JSON, without changing what it says; nothing anywhere but in GitHub Actions."""
    return text.replace("::", ":\\u003a").replace(_MARK, "#\\u0023[") if in_actions() else text


def unread(stream: Any) -> bool:
    """Whether what is written to this stream is lost."""
    return isinstance(stream, _Text) and stream.unfailing.lost


class _Unfailing(io.RawIOBase):
    """A file descriptor; what it does not take is dropped from then on."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.lost = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        while not self.lost:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self.lost = True
        return size


class _Text(io.TextIOWrapper):
    """Text on a descriptor; in GitHub Actions neutral, also where a command is put together of several writes."""

    def __init__(self, unfailing: _Unfailing, encoding: str, write_through: bool, line_buffering: bool) -> None:
        super().__init__(io.BufferedWriter(unfailing), encoding, "backslashreplace", newline="\n",
                         line_buffering=line_buffering, write_through=write_through)
        self.unfailing = unfailing
        self._last = ""

    def write(self, text: str) -> int:
        if in_actions():
            whole, before = self._last + text, self._last
            self._last = _BEGUN.search(whole).group()  # type: ignore[union-attr]  # it is never None
            told = neutral(whole)
            super().write(told[len(before):] if told.startswith(before) else f" {neutral(text)}")
        else:
            super().write(text)
        return len(text)
