"""Bring the local state up to the release: create it, extend it, or rebase it."""
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from platform.errors import ConflictError
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import GENESIS
from platform.state.chain import hash_of, lines_of
from platform.state.local import LocalState, common
from platform.state.rebase import Lost, judge_posts, rebase
from platform.state.remote import Position, Release, position
from platform.state.segments import boundary

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Hydrated:
    """What a hydration did. Numbers count posts.

    `added` came from other publishers. `posted_again` are local posts that were posted again after
    them. `lost` are local posts that the ledger refused; the files `kept_in` keep them. `ahead` are
    local posts that the release does not have yet.
    """

    generation: int
    tag: str
    seq: int
    added: int = 0
    posted_again: int = 0
    ahead: int = 0
    lost: tuple[Lost, ...] = ()
    kept_in: tuple[Path, ...] = ()


def hydrate(local: LocalState, release: Release) -> Hydrated:
    """Bring the state directory up to the newest generation, and trust that one from now on.

    StaleError if the release is missing, expired, another one, or older than the trusted head;
    then nothing has changed. CorruptError if a part of it is damaged. A post is never dropped: see
    `lost`.
    """
    with local.exclusive():
        return catch_up(local, release)[0]


def catch_up(
    local: LocalState,
    release: Release,
    *,
    renew: bool = False,
    unused_claims: Collection[str] = (),
) -> tuple[Hydrated, Position]:
    """As `hydrate`; the caller holds `local.exclusive()`. `renew` accepts an expired manifest.
    `unused_claims`: see `rebase`."""
    here = position(release, local.trusted(), local.scratch)
    if not renew:
        here.chain.check_expiry(local.now())
    for _ in range(_TRIES):
        ours = local.lines()
        theirs = _theirs(here, release, local, ours)
        where = f"{release.where}/{here.chain.tag}/{JOURNAL}"
        done = _adopt(local, here, ours, theirs, where, unused_claims)
        if done is not None:
            local.trust(here.chain.head)
            local.remember()
            return done, here
    raise ConflictError(f"{local.folder}: other runs post faster than the journal can be compared; "
                        "stop them, then run again")


def _theirs(
    here: Position, release: Release, local: LocalState, ours: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """The release's journal: the part that is here, and the segments that must be downloaded."""
    segments = here.chain.newest.segments
    lines = list(ours[:boundary(segments, ours)])
    for segment in segments:
        if segment.last > len(lines):
            data, uri = here.segment(release, segment, local.scratch)
            lines += lines_of(segment, data, hash_of(lines[-1]) if lines else GENESIS, uri)
    here.chain.check_journal([hash_of(line) for line in lines])
    return tuple(lines)


def _adopt(local: LocalState, here: Position, ours: tuple[bytes, ...], theirs: tuple[bytes, ...],
           where: str, unused_claims: Collection[str]) -> Hydrated | None:
    """None if another process has posted meanwhile: the caller tries again.

    `where` names the release's journal in messages.
    """
    newest, fork = here.chain.newest, common(ours, theirs)
    done = Hydrated(newest.generation, here.chain.tag, newest.seq, added=len(theirs) - fork)
    if fork == len(theirs) and Ledger.exists(local.folder):
        return Hydrated(done.generation, done.tag, done.seq, ahead=len(ours) - fork)
    if fork == len(ours):
        judge_posts(local, theirs, fork, where)
        return done if local.become(theirs, ours) else None
    based = rebase(local, ours, theirs, where, unused_claims)
    kept = (local.keep_lost([lost.line for lost in based.lost]),) if based.lost else ()
    if not local.become(based.lines, ours):
        return None
    return Hydrated(done.generation, done.tag, done.seq, done.added, based.posted_again,
                    len(based.lines) - len(theirs), based.lost, kept)
