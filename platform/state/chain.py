"""The rules for trusting a release. Pure: bytes in, values or an error out, no store and no clock.

Only this module enforces these rules. The number is the exit status of a violation.

* 13: A manifest has its canonical form. Its segments cover records 1 to its head without a gap.
* 14: If a head is trusted, the first manifest is the trusted one, not an older or another one.
* 14: Each later manifest is the next generation, contains the digest of the previous manifest, and
  continues its journal.
* 14: After a manifest that closes a release, the next manifest is in the release that it names.
* 14: The newest manifest has not expired. Earlier ones may have.
* 13: A segment's bytes match its manifest, and its lines continue the previous segment.
* 14: The journal contains the trusted head.
* 14: If the profile pins a head, the journal contains it, in its generation or a later one.

Without a trusted or pinned head, the newest manifest is trusted as it is (trust on first use).
"""
import json
from collections.abc import Sequence
from typing import NamedTuple

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.record import GENESIS, HEADER, BadRecord, decode
from platform.model.digest import sha256_hex
from platform.state.manifest import EMPTY, Segment, StateManifest, parse

RESTORE = "restore the release; nothing was changed here"
LOOK = "find out who changed the release; nothing was read into the local state"


class TrustedHead(NamedTuple):
    """The newest manifest that was verified: its tag, generation, digest, and journal's head."""

    tag: str
    generation: int
    sha256: str
    seq: int
    hash: str


class Pinned(NamedTuple):
    """The profile's `trusted_head`: what a machine trusts that has not yet seen a release."""

    generation: int
    seq: int
    hash: str


def render_trusted(head: TrustedHead) -> bytes:
    return json.dumps(head._asdict(), indent=1).encode() + b"\n"


def parse_trusted(data: bytes) -> TrustedHead:
    """ValueError when the bytes are not exactly what `render_trusted` writes."""
    try:
        head = TrustedHead(**json.loads(data))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("is not a trusted head") from error
    if (
        render_trusted(head) != data
        or any(type(number) is not int for number in (head.generation, head.seq))
        or any(type(text) is not str for text in (head.tag, head.sha256, head.hash))
    ):
        raise ValueError("is not in the canonical form of a trusted head")
    return head


class Chain:
    """Manifests in order of generation, each admitted or refused. `newest` is the last admitted."""

    def __init__(self, trusted: TrustedHead | None, pinned: Pinned | None = None) -> None:
        self._trusted, self._pinned = trusted, pinned
        self._newest: StateManifest | None = None
        self.tag = trusted.tag if trusted else ""
        self.sha256 = ""

    @property
    def newest(self) -> StateManifest:
        """LookupError before the first manifest is admitted."""
        if self._newest is None:
            raise LookupError("no manifest was admitted")
        return self._newest

    @property
    def head(self) -> TrustedHead:
        """The head to trust from now on."""
        return TrustedHead(
            self.tag, self.newest.generation, self.sha256, self.newest.seq, self.newest.hash
        )

    def admit(self, tag: str, uri: str, data: bytes) -> None:
        """Admit the next manifest. CorruptError if it is damaged, StaleError if it is another."""
        try:
            manifest = parse(data)
        except ValueError as error:
            raise CorruptError(f"{uri}: {error}; {RESTORE}") from error
        if gap := _gap(manifest):
            raise CorruptError(f"{uri}: {gap}; {RESTORE}")
        digest = sha256_hex(data)
        if self._newest is not None:
            self._follows(self._newest, manifest, tag, uri)
        elif self._trusted is not None:
            self._is_trusted(self._trusted, manifest, digest, uri)
        pin = self._pinned
        if pin and pin.generation == manifest.generation and pin != (
                manifest.generation, manifest.seq, manifest.hash):
            raise StaleError(f"{uri}: generation {pin.generation} differs from the profile's "
                             f"trusted_head; {LOOK}")
        self._newest, self.tag, self.sha256 = manifest, tag, digest

    def check_expiry(self, now: str) -> None:
        """StaleError if the newest manifest has expired."""
        if now > self.newest.expires:
            raise StaleError(f"{self.tag}: generation {self.newest.generation} expired on "
                             f"{self.newest.expires}: either nobody has published since, or the "
                             "store hides newer generations; check which, and if this one is the "
                             "newest, run `state publish --renew`")

    def check_journal(self, hashes: Sequence[str]) -> None:
        """Check the release's journal, given as the hashes of all its records.

        StaleError unless it contains the trusted and the pinned head; CorruptError unless it ends
        with the head of the newest manifest.
        """
        if (len(hashes), hashes[-1] if hashes else GENESIS) != (self.newest.seq, self.newest.hash):
            raise CorruptError(f"{self.tag}: the journal does not end with the head of generation "
                               f"{self.newest.generation}; {RESTORE}")
        seen = self._trusted
        if seen and seen.seq and (len(hashes) < seen.seq or hashes[seen.seq - 1] != seen.hash):
            raise StaleError(f"{self.tag}: the journal of generation {self.newest.generation} no "
                             f"longer contains post {seen.seq}; {LOOK}")

        if self._pinned:
            self._check_pinned(self._pinned, hashes)

    def _check_pinned(self, pin: Pinned, hashes: Sequence[str]) -> None:
        here = f"{self.tag}: generation {self.newest.generation}"
        if self.newest.generation < pin.generation:
            raise StaleError(f"{here} is older than generation {pin.generation} of the profile's "
                             f"trusted_head; {LOOK}")
        if not contains(hashes, pin):
            raise StaleError(f"{here} does not contain post {pin.seq} of the profile's "
                             f"trusted_head; {LOOK}")

    def _follows(self, before: StateManifest, manifest: StateManifest, tag: str, uri: str) -> None:
        if tag != (before.next_tag or self.tag):
            raise StaleError(
                f"{uri}: the release was {'closed' if before.next_tag else 'not closed'} by "
                f"generation {before.generation}; {LOOK}"
            )
        if manifest.generation != before.generation + 1:
            raise StaleError(f"{uri}: is generation {manifest.generation}, but the next one must "
                             f"be {before.generation + 1}; {LOOK}")
        if manifest.previous != self.sha256:
            raise StaleError(f"{uri}: does not have the digest of the previous manifest; {LOOK}")
        if manifest.seq < before.seq or (
            manifest.seq == before.seq and manifest.hash != before.hash
        ):
            raise StaleError(f"{uri}: its journal does not continue that of generation "
                             f"{before.generation}; {LOOK}")

    @staticmethod
    def _is_trusted(trusted: TrustedHead, manifest: StateManifest, digest: str, uri: str) -> None:
        known = (trusted.generation, trusted.sha256, trusted.seq, trusted.hash)
        if (manifest.generation, digest, manifest.seq, manifest.hash) != known:
            raise StaleError(f"{uri}: is not the manifest of generation {trusted.generation} that "
                             f"was trusted; {LOOK}")


def contains(hashes: Sequence[str], pin: Pinned) -> bool:
    """Whether a journal, given as the hashes of all its records, contains a pinned head."""
    return not pin.seq or (len(hashes) >= pin.seq and hashes[pin.seq - 1] == pin.hash)


def _gap(manifest: StateManifest) -> str:
    """Why a manifest contradicts itself, or an empty string."""
    at = EMPTY
    for segment in manifest.segments:
        if segment.first != at[0] + 1 or segment.last < segment.first:
            return f"segment {segment.name} does not continue after record {at[0]}"
        at = segment.last, segment.hash
    if at != (manifest.seq, manifest.hash):
        return "its segments do not end with its head"
    if manifest.generation < 1 or (manifest.generation == 1) is not (manifest.previous == GENESIS):
        return "only generation 1 may have no previous manifest"
    return ""


def lines_of(segment: Segment, data: bytes, prev: str, uri: str) -> list[bytes]:
    """A segment's records as lines. CorruptError unless they follow the record with hash `prev`."""
    if (len(data), sha256_hex(data)) != (segment.bytes, segment.sha256) or not data.startswith(
        HEADER
    ):
        raise CorruptError(f"{uri}: does not match its manifest; {RESTORE}")
    lines = data[len(HEADER):].splitlines(keepends=True)
    for number, line in enumerate(lines, segment.first):
        try:
            prev = decode(line, number, prev).hash
        except BadRecord as error:
            raise CorruptError(f"{uri}:{number - segment.first + 2}: {error}; {RESTORE}") from error
    if (segment.first + len(lines) - 1, prev) != (segment.last, segment.hash):
        raise CorruptError(f"{uri}: does not end with record {segment.last}; {RESTORE}")
    return lines


def hash_of(line: bytes) -> str:
    """A record's hash, from its line."""
    return line[-65:-1].decode()
