"""Standard output and standard error of all commands, set when a command starts (`_platform_boot`,
`cli.guarded`).

A character that the terminal's encoding does not have is written as an escape. A stream that fails
(its reader is gone, the disk is full, the terminal is closed) drops the rest of the output. So
printing never raises, and neither the work nor the exit status depends on the reader.

In GitHub Actions, the output becomes the workflow's log, where `::` at the start of a line and
`##[` anywhere are commands to the runner. The streams break up both and escape control characters,
except in commands that `command` creates.
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

_OURS = f"[{secrets.token_hex(16)}]"  # marks our own commands; untrusted text cannot contain it
_COLONS, _MARK = re.compile(r":(?=:)"), "##["
_BEGUN = re.compile(r"(?::|##?)?\Z")  # an end of text that the next text may complete to a command


def guard() -> None:
    """Replace the process's streams, unless something else (a test) already replaced them."""
    # Fill closed descriptors from 0 to 2, so that no other file gets their numbers.
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (kept open)
        elif stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):
                stream.flush()
            setattr(sys, name, _Text(_Unfailing(descriptor), stream.encoding, stream.write_through,
                                     stream.line_buffering or name == "stderr"))


def in_actions() -> bool:
    """Whether this process runs in GitHub Actions."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def command(line: str) -> str:
    """A workflow command (one line) in the form that the streams pass on as a command."""
    return f"{_OURS}{line}" if isinstance(sys.stdout, _Text) else line


def is_command(line: str) -> bool:
    return line.startswith(_OURS)


def neutral(text: str) -> str:
    """Text without commands to a workflow's runner and without control characters, except for lines
    from `command`."""
    if _OURS not in text:
        return _COLONS.sub(": ", escaped(text.replace("\r\n", "\n"), "\n\t")).replace(_MARK, "# #[")
    return "\n".join(line.removeprefix(_OURS).replace(_MARK, "# #[") if is_command(line) else
                     neutral(line.replace(_OURS, "")) for line in text.split("\n"))


def neutral_json(text: str) -> str:
    """As `neutral`, for JSON, with the same value. Outside GitHub Actions, the text is
    unchanged."""
    return text.replace("::", ":\\u003a").replace(_MARK, "#\\u0023[") if in_actions() else text


def unread(stream: Any) -> bool:
    """Whether output to this stream is lost."""
    return isinstance(stream, _Text) and stream.unfailing.lost


class _Unfailing(io.RawIOBase):
    """A file descriptor that never fails: after an error, it drops all output."""

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
    """Text on a descriptor. In GitHub Actions, it is neutral, even if several writes together form
    a command."""

    def __init__(
        self, unfailing: _Unfailing, encoding: str, write_through: bool, line_buffering: bool
    ) -> None:
        super().__init__(io.BufferedWriter(unfailing), encoding, "backslashreplace", newline="\n",
                         line_buffering=line_buffering, write_through=write_through)
        self.unfailing = unfailing
        self._last = ""

    def write(self, text: str) -> int:
        if in_actions():
            whole, before = self._last + text, self._last
            self._last = _BEGUN.search(whole).group()  # type: ignore[union-attr]  # it is never None
            safe = neutral(whole)
            super().write(safe[len(before):] if safe.startswith(before) else f" {neutral(text)}")
        else:
            super().write(text)
        return len(text)
