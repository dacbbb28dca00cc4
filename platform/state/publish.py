"""What is new goes up: segments and tables first, under names that nothing else can have, then the manifest, once.

Only the manifest's name decides. Whoever finds it taken has lost the race: takes what the other published, posts again
what only this folder has, and tries the next generation. So nothing is ever replaced, and no post is ever overwritten.
A release that is nearly full is closed by a manifest that names the next one, in which the journal begins anew as few
segments; the old one stays as it is.
"""
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from platform.errors import ConflictError, StaleError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import GENESIS
from platform.model.digest import sha256_hex
from platform.model.utc import utc_moment, utc_text
from platform.ports.release_store import NameTaken
from platform.state.chain import TrustedHead, contains, hash_of
from platform.state.hydrate import Hydrated, catch_up
from platform.state.local import LocalState, StateSnapshot
from platform.state.manifest import (
    EMPTY,
    Archive,
    Segment,
    StateManifest,
    generation_of,
    name_of,
    number_of,
    render,
    tag_of,
)
from platform.state.remote import Position, Release
from platform.state.segments import archive, cut

ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class PublishedState:
    """`new`: this call made the generation, with so many `posts` more than the one before; otherwise the release had
    everything. `hydrated` is what came before, all tries of the call together."""

    generation: int
    tag: str
    seq: int
    new: bool
    posts: int
    hydrated: Hydrated | None = None
    hash: str = ""  # of the last post

    @property
    def pin(self) -> str:
        """The profile's line that makes a machine which saw no release believe this one or a later one."""
        return f"trusted_head: {{generation: {self.generation}, seq: {self.seq}, hash: '{self.hash}'}}"


def initialise(local: LocalState, release: Release) -> PublishedState:
    """Make the release and its first generation from the local state, which is made when there is none. ConflictError
    when there is a release already, StaleError when there was one."""
    with local.exclusive():
        if seen := local.trusted():
            raise StaleError(f"{local.folder}: was shared in {seen.tag} up to generation {seen.generation}; `state "
                             "hydrate` when that release is there, restore it when it is not")
        for tag in release.tags():
            if any(generation_of(name) for name in release.store.assets(tag) or ()):
                raise ConflictError(f"{release.where}/{tag}: is there already; `state hydrate` takes it")
        Ledger.create(local.folder, local.now, local.disk).close()
        if release.pinned and not contains([hash_of(line) for line in local.lines()], release.pinned):
            raise StaleError(f"{local.folder}: does not have post {release.pinned.seq} of the profile's trusted_head; "
                             "restore the state that has it, or remove trusted_head for a release of another ledger")
        first = tag_of(release.prefix, 1)
        release.store.create(first, "Billing state, release 1")
        try:
            head = _upload(local, release, first, local.snapshot(), (), 1, GENESIS)
        except NameTaken as taken:
            raise ConflictError(f"{taken.asset.uri}: somebody has just made it; `state hydrate` takes it") from taken
        local.trust(head)
        return PublishedState(1, first, head.seq, True, head.seq, hash=head.hash)


def publish(local: LocalState, release: Release, *, renew: bool = False, posts_only: bool = False) -> PublishedState:
    """Bring the local state up to the release, then the release up to the local state. Everything that was in the
    folder when this was called is in the release when it returns, or named as lost in `hydrated`.

    Nothing new makes no generation, unless half of the last one's time is over. `renew` takes an expired one, too.
    `posts_only`: the generation keeps the tables of the one before; a later call, without it, brings them up to date.
    ConflictError after ten lost races.
    """
    with local.exclusive():
        past: Hydrated | None = None
        for attempt in range(ATTEMPTS):
            now, here = catch_up(local, release, renew=renew)
            past = _together(past, now)
            newest = here.chain.newest
            light = posts_only and not here.opens
            snapshot = StateSnapshot(local.lines(), {}, newest.tables) if light else local.snapshot()
            same = snapshot.head == (newest.seq, newest.hash) and dict(snapshot.states) == dict(newest.tables)
            if same and not here.opens and not _is_due(newest, local.now()):
                return PublishedState(newest.generation, here.chain.tag, newest.seq, False, 0, past, newest.hash)
            try:
                if len(here.assets) >= release.roll_at and not here.opens:
                    local.trust(_close(local, release, here))
                    continue
                head = _extend(local, release, here, snapshot, newest.archive if light else None)
            except NameTaken:
                release.pause(min(0.1 * 2**attempt, 10.0))
                continue
            local.trust(head)
            return PublishedState(head.generation, head.tag, head.seq, True, head.seq - newest.seq, past,
                                  head.hash)
    raise ConflictError(f"{release.where}: {ATTEMPTS} times another publisher was first; run again, nothing is lost")


def _extend(local: LocalState, release: Release, here: Position, snapshot: StateSnapshot,
            kept: Archive | None) -> TrustedHead:
    """The next generation, with what is new; the first of its release has the journal whole. `kept` are tables that are
    in the release already."""
    newest = here.chain.newest
    shorter = len(snapshot.lines) < newest.seq
    if shorter or (newest.seq and hash_of(snapshot.lines[newest.seq - 1]) != newest.hash):
        raise ConflictError(f"{local.folder}: its journal was exchanged while it was published; run again")
    return _upload(local, release, here.next_tag, snapshot, () if here.opens else newest.segments,
                   newest.generation + 1, here.chain.sha256, kept)


def _upload(local: LocalState, release: Release, tag: str, snapshot: StateSnapshot, before: Sequence[Segment],
            generation: int, previous: str, kept: Archive | None = None) -> TrustedHead:
    new = list(cut(snapshot.lines, (before[-1].last if before else EMPTY[0])))
    for segment, data in new:
        release.put_named_by_digest(tag, segment.name, data, segment.sha256, local.scratch)
    if kept is None:
        tables, packed = archive(generation, snapshot.tables)
        release.put_named_by_digest(tag, tables.name, packed, tables.sha256, local.scratch)
    else:
        tables = kept
    now = local.now()
    return _decide(local, release, tag, StateManifest(
        generation, previous, *snapshot.head, (*before, *(segment for segment, _ in new)), tables, now,
        _expires(now, release), snapshot.states))


def _close(local: LocalState, release: Release, here: Position) -> TrustedHead:
    """The last generation of a release: what the one before says, and where it goes on. The next release is made first,
    so that one that is missing is always one that was deleted."""
    following = tag_of(release.prefix, (number_of(release.prefix, here.next_tag) or 0) + 1)
    release.store.create(following, f"Billing state, release {number_of(release.prefix, following)}")
    newest, now = here.chain.newest, local.now()
    return _decide(local, release, here.next_tag, replace(
        newest, generation=newest.generation + 1, previous=here.chain.sha256, created=now,
        expires=_expires(now, release), next_tag=following))


def _decide(local: LocalState, release: Release, tag: str, manifest: StateManifest) -> TrustedHead:
    """Create the manifest: NameTaken when another publisher was first."""
    data = render(manifest)
    release.put(tag, name_of(manifest.generation), data, local.scratch)
    return TrustedHead(tag, manifest.generation, sha256_hex(data), manifest.seq, manifest.hash)


def _expires(created: str, release: Release) -> str:
    return utc_text(utc_moment(created) + timedelta(days=release.expires_days))


def _is_due(newest: StateManifest, now: str) -> bool:
    """Whether half of a generation's time is over: then the next one is made, so that no state in use expires."""
    created, expires, now_ = utc_moment(newest.created), utc_moment(newest.expires), utc_moment(now)
    return now_ - created > expires - now_


def _together(past: Hydrated | None, now: Hydrated) -> Hydrated:
    if past is None:
        return now
    return replace(now, added=past.added + now.added, posted_again=past.posted_again + now.posted_again,
                   lost=past.lost + now.lost, kept_in=past.kept_in + now.kept_in)
