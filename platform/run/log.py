"""A step's log: what it printed, secrets taken out, its beginning and its end when it is longer than the cap."""
import re
from collections.abc import Iterable
from typing import BinaryIO
from urllib.parse import quote, quote_plus

HALF_BYTES = 512 * 1024  # of the beginning, and of the end
REDACTED = b"[secret]"


class Redactor:
    """Replaces secrets in a stream of chunks, also one that is split over many of them, and secrets that overlap. A
    secret is known as itself and as it stands in a URL."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form.encode() for secret in secrets if secret
                 for form in (secret, quote(secret, ""), quote_plus(secret))}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        # A look ahead finds at every place the longest secret that begins there, wherever the one before ends.
        self._secrets = re.compile(b"(?=(%s))" % b"|".join(map(re.escape, longest_first))) if forms else None
        self._keep = len(longest_first[0]) - 1 if forms else 0
        self._held = b""
        self._covered = 0  # so much of what is held belongs to a secret whose replacement is already out

    def feed(self, chunk: bytes) -> bytes:
        """The part of the stream of which it is certain where secrets begin."""
        self._held += chunk
        return self._release(max(0, len(self._held) - self._keep))

    def end(self) -> bytes:
        """What was held back."""
        return self._release(len(self._held))

    def text(self, text: str) -> str:
        """A whole text, redacted."""
        stream = text.encode("utf-8", "backslashreplace")
        return (self.feed(stream) + self.end()).decode()

    def _release(self, cut: int) -> bytes:
        """The first `cut` bytes of what is held, each run of overlapping secrets replaced."""
        held, done, out = self._held, self._covered, []
        for found in self._secrets.finditer(held) if self._secrets else ():
            if found.start() >= cut:
                break
            if found.start() >= done:
                out += [held[done:found.start()], REDACTED]
            done = max(done, found.end(1))
        out.append(held[done:cut])
        self._held, self._covered = held[cut:], max(0, done - cut)
        return b"".join(out)


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
        self._room -= len(head)
        self._tail += rest
        over = max(0, len(self._tail) - HALF_BYTES)
        del self._tail[:over]
        self._left_out += over
