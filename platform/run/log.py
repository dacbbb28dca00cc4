"""A step's log: what it printed, secrets taken out, its beginning and its end when it is longer than the cap."""
from collections.abc import Iterable
from typing import BinaryIO
from urllib.parse import quote, quote_plus

HALF_BYTES = 512 * 1024  # of the beginning, and of the end
REDACTED = b"[secret]"


class Redactor:
    """Replaces secrets in a stream of chunks, also one that is split over many of them. Longer secrets come first, so
    that of two that overlap nothing is left over. A secret is known as itself and as it stands in a URL."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form.encode() for secret in secrets if secret
                 for form in (secret, quote(secret, ""), quote_plus(secret))}
        self._secrets = sorted(forms, key=lambda form: (-len(form), form))
        self._keep = max(map(len, self._secrets), default=1) - 1
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """The part of the stream that can no longer turn out to belong to a secret."""
        text = self._clean(self._held + chunk)
        cut = max(0, len(text) - self._keep)
        self._held = text[cut:]
        return text[:cut]

    def end(self) -> bytes:
        """What was held back."""
        rest, self._held = self._held, b""
        return rest

    def text(self, text: str) -> str:
        """A whole text, redacted."""
        return self._clean(text.encode("utf-8", "backslashreplace")).decode()

    def _clean(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


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
