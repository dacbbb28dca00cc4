"""The local state is brought up to the release: made, extended, left alone, or based anew on what others published."""
from dataclasses import dataclass
from pathlib import Path

from platform.errors import ConflictError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.log import JOURNAL
from platform.ledger.journal.record import GENESIS
from platform.state.chain import hash_of, lines_of
from platform.state.local import LocalState, common
from platform.state.rebase import Lost, judge, rebase
from platform.state.remote import Position, Release, position
from platform.state.segments import boundary

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Hydrated:
    """`added` posts of others came; `posted_again` of ours were posted after them; `lost` could not be, and lie in
    `kept_in`. `ahead`: so many posts the release does not have yet."""

    generation: int
    tag: str
    seq: int
    added: int = 0
    posted_again: int = 0
    ahead: int = 0
    lost: tuple[Lost, ...] = ()
    kept_in: tuple[Path, ...] = ()


def hydrate(local: LocalState, release: Release) -> Hydrated:
    """Bring the folder up to the newest generation, and trust that one from now on.

    StaleError, and nothing changed, when the release is missing, older than what was seen, another, or expired;
    CorruptError when something of it is damaged. A post is never dropped: see `lost`.
    """
    with local.exclusive():
        return catch_up(local, release)[0]


def catch_up(local: LocalState, release: Release, *, renew: bool = False) -> tuple[Hydrated, Position]:
    """As `hydrate`, for who has the folder to itself. `renew`: an expired manifest is taken, somebody looked."""
    here = position(release, local.trusted(), local.scratch)
    if not renew:
        here.chain.check_expiry(local.now())
    for _ in range(_TRIES):
        ours = local.lines()
        theirs = _theirs(here, release, local, ours)
        done = _adopt(local, here, ours, theirs, f"{release.where}/{here.chain.tag}/{JOURNAL}")
        if done is not None:
            local.trust(here.chain.head)
            local.remember()
            return done, here
    raise ConflictError(f"{local.folder}: other runs post faster than it can be compared; stop them, then again")


def _theirs(here: Position, release: Release, local: LocalState, ours: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The release's journal: what we have of it, and the segments that we have not."""
    segments = here.chain.newest.segments
    lines = list(ours[:boundary(segments, ours)])
    for segment in segments:
        if segment.last > len(lines):
            data, uri = here.segment(release, segment, local.scratch)
            lines += lines_of(segment, data, hash_of(lines[-1]) if lines else GENESIS, uri)
    here.chain.check_journal([hash_of(line) for line in lines])
    return tuple(lines)


def _adopt(local: LocalState, here: Position, ours: tuple[bytes, ...], theirs: tuple[bytes, ...],
           where: str) -> Hydrated | None:
    """None when somebody posted meanwhile, and it must be done again. `where` is what theirs is called."""
    newest, fork = here.chain.newest, common(ours, theirs)
    done = Hydrated(newest.generation, here.chain.tag, newest.seq, added=len(theirs) - fork)
    if fork == len(theirs) and Ledger.exists(local.folder):
        return Hydrated(done.generation, done.tag, done.seq, ahead=len(ours) - fork)
    if fork == len(ours):
        judge(local, theirs, fork, where)
        return done if local.become(theirs, ours) else None
    based = rebase(local, ours, theirs, where)
    kept = (local.keep_lost([lost.line for lost in based.lost]),) if based.lost else ()
    if not local.become(based.lines, ours):
        return None
    return Hydrated(done.generation, done.tag, done.seq, done.added, based.posted_again,
                    len(based.lines) - len(theirs), based.lost, kept)
