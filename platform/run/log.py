"""A step's log: its output without secrets. Of a long output, only the beginning and the end."""
from typing import BinaryIO

from platform.redact import Redactor

HALF_BYTES = 512 * 1024  # the largest size of the beginning, and of the end


class Log:
    """Writes a redacted stream to a file. After the first HALF_BYTES, only the last HALF_BYTES are
    kept in memory, and `close` writes them. The end matters most: it contains tracebacks."""

    def __init__(self, file: BinaryIO, redactor: Redactor) -> None:
        self._file, self._redactor = file, redactor
        self._head_left = HALF_BYTES
        self._tail = bytearray()
        self._left_out = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk of output, without secrets. OSError: the file cannot be written."""
        self._put(self._redactor.feed(chunk))

    def close(self) -> None:
        """Write the kept end. The file stays open, because the next attempt continues in it."""
        self._put(self._redactor.end())
        if self._left_out:
            self._file.write(b"\n[%d bytes are left out here]\n" % self._left_out)
        self._file.write(self._tail)

    def _put(self, text: bytes) -> None:
        head, rest = text[:self._head_left], text[self._head_left:]
        self._file.write(head)
        if head:
            self._file.flush()  # `log` shows it while the step runs
        self._head_left -= len(head)
        self._tail += rest
        over = max(0, len(self._tail) - HALF_BYTES)
        del self._tail[:over]
        self._left_out += over
