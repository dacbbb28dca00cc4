"""A step's log: what it printed, secrets taken out, never longer than its cap."""
from collections.abc import Iterable
from typing import BinaryIO

CAP_BYTES = 1 << 20
_SHORTEST = 4  # redacting shorter values would make a log unreadable and protect nothing


class Redactor:
    """Replaces secrets in a stream of chunks, also one that is split over two of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = {secret.encode() for secret in secrets if len(secret) >= _SHORTEST}
        self._secrets = sorted(long_enough, key=len, reverse=True)
        self._keep = max((len(secret) for secret in self._secrets), default=1) - 1
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """The part of the stream that can no longer turn out to be a secret."""
        text = self._clean(self._held + chunk)
        cut = len(text) - self._keep
        self._held, done = (text[cut:], text[:cut]) if cut > 0 else (text, b"")
        return done

    def end(self) -> bytes:
        """What was held back."""
        rest, self._held = self._clean(self._held), b""
        return rest

    def _clean(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, b"[secret]")
        return text


def copy(source: BinaryIO, target: BinaryIO, redactor: Redactor) -> None:
    """All of `source` to `target`, redacted and capped; the source is read to its end, so that nobody blocks."""
    written = 0
    while chunk := source.read1(65536):  # type: ignore[attr-defined]  # a pipe's reader is a BufferedReader
        written += _write(target, redactor.feed(chunk), CAP_BYTES - written)
    _write(target, redactor.end(), CAP_BYTES - written)
    if written >= CAP_BYTES:
        target.write(b"\n[the log is cut here]\n")


def _write(target: BinaryIO, text: bytes, room: int) -> int:
    return target.write(text[:max(0, room)])
