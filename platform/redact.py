"""Remove secrets from a module's output: from a stream, a text or a decoded JSON value.

The searched forms of a secret are those of platform.model.secret_forms. The time is proportional to
the length of the text, and does not depend on the secrets or the size of the chunks. RE2 reads each
byte a limited number of times, and retained bytes are searched again only after their number has
doubled.
"""
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from typing import Any

from platform.model.secret_forms import MIN_CHARS, Forms, forms

REDACTED = b"[secret]"
_MEMORY_BYTES = 1 << 27  # the most that RE2 may use for one pattern
_BATCH = 256  # parts of secrets in one pattern: RE2 refuses one of a million nodes


class Secrets:
    """Finds secret values in bytes. A short pattern finds possible beginnings, where the whole
    patterns are then tried. A whole pattern is compiled when its own beginning is first found,
    since a long key takes seconds."""

    def __init__(self, found: Sequence[Forms]) -> None:
        self._begins = [
            _compiled((form.begin for form in batch), longest=False) for batch in batched(found)
        ]
        self._each = [(cache(partial(_compiled, (form.begin,), longest=False)),
                       cache(partial(_compiled, (form.whole,)))) for form in found]
        self.longest = max(form.longest for form in found)
        self.longest_begin = max(form.longest_begin for form in found)

    def begins(self, text: bytes | bytearray, start: int = 0) -> int | None:
        """The first position from `start` on at which a secret may begin; None if there is no such
        position."""
        return min(
            (found.start() for pattern in self._begins if (found := pattern.search(text, start))),
            default=None,
        )

    def end(self, text: bytes | bytearray, at: int) -> int:
        """The end of the longest secret that begins at `at`; 0 if no secret begins there."""
        return max((found.end() for begin, whole in self._each
                    if begin().match(text, at) and (found := whole().match(text, at))), default=0)

    def search(self, text: bytes | bytearray, start: int = 0) -> tuple[int, int] | None:
        """Begin and end of the first secret from `start` on."""
        at = self.begins(text, start)
        while at is not None:
            if end := self.end(text, at):
                return at, end
            at = self.begins(text, at + 1)
        return None


@lru_cache(maxsize=64)
def secrets(values: frozenset[str], min_chars: int = MIN_CHARS) -> Secrets | None:
    """The finder of these values; None if there is nothing to find."""
    found = [each for value in sorted(values) for each in forms(value, min_chars)]
    return Secrets(found) if found else None


def batched(found: Sequence[Forms]) -> Iterator[Sequence[Forms]]:
    return (found[start:start + _BATCH] for start in range(0, len(found), _BATCH))


def _compiled(patterns: Iterable[str], *, longest: bool = True) -> Any:
    import re2  # only steps that have secrets need it

    options: Any = re2.Options()
    options.max_mem, options.longest_match, options.never_capture = _MEMORY_BYTES, longest, True
    options.encoding, options.log_errors = type(options.encoding).LATIN1, False
    return re2.compile("|".join(patterns).encode(), options)


class Redactor:
    """Replaces secrets in a stream of chunks, including secrets that overlap or span several
    chunks."""

    def __init__(self, values: Iterable[str]) -> None:
        self._secrets = secrets(frozenset(values))
        self._held = bytearray()
        self._covered = 0  # the number of retained bytes whose replacement is already written
        self._wait = 0  # the number of retained bytes at which the next search starts

    @property
    def longest(self) -> int:
        """The largest number of bytes of one secret in a text; 0 if there are no secrets."""
        return self._secrets.longest if self._secrets else 0

    def feed(self, chunk: bytes) -> bytes:
        """The redacted part of the stream in which all secrets are certain."""
        if self._secrets is None:
            return chunk
        self._held += chunk
        return b"" if len(self._held) < self._wait else self._release(self._certain(self._secrets))

    def end(self) -> bytes:
        """The retained rest of the stream, redacted."""
        self._wait = 0
        return self._release(len(self._held))

    def text(self, text: str, *, cut: bool = False) -> str:
        """A whole text, redacted. `cut`: the text is the beginning of a longer one, so a possible
        beginning of a secret at its end is omitted."""
        stream = text.encode("utf-8", "backslashreplace")
        certain = self.feed(stream)
        if not cut:
            return (certain + self.end()).decode(errors="replace")
        self._held, self._covered, self._wait = bytearray(), 0, 0
        return certain.decode(errors="replace")

    def value(self, value: Any) -> Any:
        """A decoded JSON value with every string and name redacted. A number that contains a secret
        becomes a redacted text."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            said = self.text(repr(value))
            return value if said == repr(value) else said
        return value

    def _certain(self, known: Secrets) -> int:
        """The number of retained bytes that cannot belong to a secret that later text completes."""
        size = len(self._held)
        window = max(0, size - known.longest + 1)
        end = max(window, size - known.longest_begin + 1)
        found = known.begins(self._held, window)
        self._wait = 2 * (known.longest_begin if found is None or found >= end else known.longest)
        return end if found is None else min(found, end)

    def _release(self, cut: int) -> bytes:
        """The first `cut` retained bytes, with each run of overlapping secrets replaced."""
        held, done, out, at = self._held, self._covered, [], 0
        while self._secrets is not None and at < cut:
            found = self._secrets.search(held, at)
            if found is None or found[0] >= cut:
                break
            if found[0] >= done:
                out += [bytes(held[done:found[0]]), REDACTED]
            done, at = max(done, found[1]), found[0] + 1
        out.append(bytes(held[done:cut]))
        del held[:cut]
        self._covered = max(0, done - cut)
        return b"".join(out)
