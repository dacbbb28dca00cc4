"""What a reader of the release believes, and why. Pure: bytes in, values or a refusal out, no store and no clock.

The rules, each of which is enforced here and nowhere else:

    a manifest is written as manifests are, and its segments are the journal from 1 to its head without a gap    13
    where a head is trusted, the first manifest is that very one: an older release, or another, is refused       14
    every further manifest is the next generation, names the one before by its digest, and goes on after it      14
    after a manifest that closes a release comes one of the release that it names, and of no other               14
    the newest manifest is not expired; those before it may be                                                   14
    a segment's bytes are those that its manifest names, and its lines go on after the segment before            13
    the journal has the trusted head in it                                                                       14

Without a trusted head the newest manifest is believed as it is found (trust on first use), unless
the profile pins a head: the journal has that one in it, in its generation or a later one         14
"""
import json
from collections.abc import Sequence
from typing import NamedTuple

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.record import GENESIS, HEADER, BadRecord, decode
from platform.model.digest import sha256_hex
from platform.state.manifest import EMPTY, Segment, StateManifest, parse

RESTORE = "restore the release, nothing was changed"
LOOK = "find out who changed the release; nothing was taken from it"


class TrustedHead(NamedTuple):
    """The newest manifest that was seen and found right: where, which, and the journal's head that it names."""

    tag: str
    generation: int
    sha256: str
    seq: int
    hash: str


class Pinned(NamedTuple):
    """A head that the profile names (`trusted_head`): what a machine that saw no release believes."""

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
    if (render_trusted(head) != data or any(type(number) is not int for number in (head.generation, head.seq))
            or any(type(text) is not str for text in (head.tag, head.sha256, head.hash))):
        raise ValueError("is not as a trusted head is written")
    return head


class Chain:
    """Manifests in the order of their generations, each admitted or refused. `newest` is the last one admitted."""

    def __init__(self, trusted: TrustedHead | None, pinned: Pinned | None = None) -> None:
        self._trusted, self._pinned = trusted, pinned
        self._newest: StateManifest | None = None
        self.tag = trusted.tag if trusted else ""
        self.sha256 = ""

    @property
    def newest(self) -> StateManifest:
        """LookupError before the first."""
        if self._newest is None:
            raise LookupError("no manifest was admitted")
        return self._newest

    @property
    def head(self) -> TrustedHead:
        """What may be trusted from now on."""
        return TrustedHead(self.tag, self.newest.generation, self.sha256, self.newest.seq, self.newest.hash)

    def admit(self, tag: str, uri: str, data: bytes) -> None:
        """Take one more manifest. CorruptError when it is damaged, StaleError when it does not belong here."""
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
            raise StaleError(f"{uri}: is another generation {pin.generation} than the profile's trusted_head; {LOOK}")
        self._newest, self.tag, self.sha256 = manifest, tag, digest

    def check_expiry(self, now: str) -> None:
        """StaleError when the newest manifest is too old to be the newest."""
        if now > self.newest.expires:
            raise StaleError(f"{self.tag}: generation {self.newest.generation} expired on {self.newest.expires}: "
                             "nobody published since, or newer ones are kept from us; look, and when it is the newest "
                             "use `state publish --renew`")

    def check_journal(self, hashes: Sequence[str]) -> None:
        """The hashes of all records of the release's journal: StaleError unless it goes on after the trusted head,
        CorruptError unless it ends in the newest manifest's."""
        if (len(hashes), hashes[-1] if hashes else GENESIS) != (self.newest.seq, self.newest.hash):
            raise CorruptError(f"{self.tag}: the journal does not end in the head of generation "
                               f"{self.newest.generation}; {RESTORE}")
        seen = self._trusted
        if seen and seen.seq and (len(hashes) < seen.seq or hashes[seen.seq - 1] != seen.hash):
            raise StaleError(f"{self.tag}: the journal of generation {self.newest.generation} does not go on after "
                             f"post {seen.seq}, which was in it before; {LOOK}")

        if self._pinned:
            self._has_pinned(self._pinned, hashes)

    def _has_pinned(self, pin: Pinned, hashes: Sequence[str]) -> None:
        here = f"{self.tag}: generation {self.newest.generation}"
        if self.newest.generation < pin.generation:
            raise StaleError(f"{here} is older than generation {pin.generation}, which the profile's trusted_head "
                             f"names; {LOOK}")
        if not contains(hashes, pin):
            raise StaleError(f"{here} does not have post {pin.seq} of the profile's trusted_head in it; {LOOK}")

    def _follows(self, before: StateManifest, manifest: StateManifest, tag: str, uri: str) -> None:
        if tag != (before.next_tag or self.tag):
            raise StaleError(f"{uri}: the release was {'closed' if before.next_tag else 'not closed'} by generation "
                             f"{before.generation}; {LOOK}")
        if manifest.generation != before.generation + 1:
            raise StaleError(f"{uri}: is generation {manifest.generation}, {before.generation + 1} is the next; {LOOK}")
        if manifest.previous != self.sha256:
            raise StaleError(f"{uri}: does not follow the manifest before it; {LOOK}")
        if manifest.seq < before.seq or (manifest.seq == before.seq and manifest.hash != before.hash):
            raise StaleError(f"{uri}: its journal does not go on after generation {before.generation}; {LOOK}")

    @staticmethod
    def _is_trusted(trusted: TrustedHead, manifest: StateManifest, digest: str, uri: str) -> None:
        known = (trusted.generation, trusted.sha256, trusted.seq, trusted.hash)
        if (manifest.generation, digest, manifest.seq, manifest.hash) != known:
            raise StaleError(f"{uri}: is another manifest than the generation {trusted.generation} that was trusted; "
                             f"{LOOK}")


def contains(hashes: Sequence[str], pin: Pinned) -> bool:
    """Whether a journal, given by the hashes of all its records, has a pinned head in it."""
    return not pin.seq or (len(hashes) >= pin.seq and hashes[pin.seq - 1] == pin.hash)


def _gap(manifest: StateManifest) -> str:
    """What is wrong with a manifest by itself, or nothing."""
    at = EMPTY
    for segment in manifest.segments:
        if segment.first != at[0] + 1 or segment.last < segment.first:
            return f"segment {segment.name} does not go on after record {at[0]}"
        at = segment.last, segment.hash
    if at != (manifest.seq, manifest.hash):
        return "its segments do not end in its head"
    if manifest.generation < 1 or (manifest.generation == 1) is not (manifest.previous == GENESIS):
        return "only the first generation has none before it"
    return ""


def lines_of(segment: Segment, data: bytes, prev: str, uri: str) -> list[bytes]:
    """A segment's records as the lines that they are, after the record with hash `prev`. CorruptError otherwise."""
    if (len(data), sha256_hex(data)) != (segment.bytes, segment.sha256) or not data.startswith(HEADER):
        raise CorruptError(f"{uri}: is not what its manifest names; {RESTORE}")
    lines = data[len(HEADER):].splitlines(keepends=True)
    for number, line in enumerate(lines, segment.first):
        try:
            prev = decode(line, number, prev).hash
        except BadRecord as error:
            raise CorruptError(f"{uri}:{number - segment.first + 2}: {error}; {RESTORE}") from error
    if (segment.first + len(lines) - 1, prev) != (segment.last, segment.hash):
        raise CorruptError(f"{uri}: does not end in record {segment.last}; {RESTORE}")
    return lines


def hash_of(line: bytes) -> str:
    """A record's hash, from its line."""
    return line[-65:-1].decode()
