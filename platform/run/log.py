"""A step's log: what it printed, secrets taken out, its beginning and its end when it is longer than the cap."""
from typing import BinaryIO

from platform.run.redact import Redactor

HALF_BYTES = 512 * 1024  # of the beginning, and of the end


class Log:
    """Writes a redacted stream to a file. The end matters most, that is where a traceback stands: what comes after the
    first HALF_BYTES is held, the last HALF_BYTES of it, until `close`."""

    def __init__(self, file: BinaryIO, redactor: Redactor) -> None:
        self._file, self._redactor = file, redactor
        self._room = HALF_BYTES
        self._tail = bytearray()
        self._left_out = 0

    def write(self, chunk: bytes) -> None:
        self._put(self._redactor.feed(chunk))

    def close(self) -> None:
        """Write what was held. The file stays open: the next attempt goes on in it."""
        self._put(self._redactor.end())
        if self._left_out:
            self._file.write(b"\n[%d bytes are left out here]\n" % self._left_out)
        self._file.write(self._tail)

    def _put(self, text: bytes) -> None:
        head, rest = text[:self._room], text[self._room:]
        self._file.write(head)
        if head:
            self._file.flush()  # `log` shows it while the step runs
        self._room -= len(head)
        self._tail += rest
        over = max(0, len(self._tail) - HALF_BYTES)
        del self._tail[:over]
        self._left_out += over
