"""Upload a generation: first its segments and tables, then its manifest.

The names of segments and tables contain their digest, so two publishers cannot collide there.
The manifest's name decides between two publishers. The one that finds the name taken downloads the
other's posts, posts its own again after them, and tries the next generation. So nothing is ever
replaced, and no post is ever overwritten.

A manifest that names the next release closes a release that is nearly full. In the next release,
the journal starts again as a few segments; the old release is unchanged.
"""
from collections.abc import Collection, Sequence
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
    """What a call of `publish` did.

    If `new`, the call created the generation, with `posts` more posts than the previous one.
    Otherwise the release had everything. `hydrated` sums up the hydrations of all the call's tries.
    """

    generation: int
    tag: str
    seq: int
    new: bool
    posts: int
    hydrated: Hydrated | None = None
    hash: str = ""  # of the last post

    @property
    def pin(self) -> str:
        """The profile's line that makes a new machine trust only this head or a later one."""
        return (
            f"trusted_head: {{generation: {self.generation}, seq: {self.seq}, hash: '{self.hash}'}}"
        )


def initialise(local: LocalState, release: Release) -> PublishedState:
    """Create the release and its first generation from the local state; create the state if needed.

    ConflictError if the release exists; StaleError if this state was shared before, or does not
    contain the pinned head.
    """
    with local.exclusive():
        if seen := local.trusted():
            raise StaleError(f"{local.folder}: was shared in {seen.tag} up to generation "
                             f"{seen.generation}; run `state hydrate` if that release exists, "
                             "otherwise restore it")
        for tag in release.tags():
            if any(generation_of(name) for name in release.store.assets(tag) or ()):
                raise ConflictError(f"{release.where}/{tag}: already exists; "
                                    "run `state hydrate` to use it")
        Ledger.create(local.folder, local.now, local.disk).close()
        if release.pinned and not contains(
            [hash_of(line) for line in local.lines()], release.pinned
        ):
            raise StaleError(f"{local.folder}: does not contain post {release.pinned.seq} of the "
                             "profile's trusted_head; restore the state that contains it, or "
                             "remove trusted_head to share another ledger")
        first = tag_of(release.prefix, 1)
        release.store.create(first, "Billing state, release 1")
        try:
            head = _upload(local, release, first, local.snapshot(), (), 1, GENESIS)
        except NameTaken as taken:
            raise ConflictError(f"{taken.asset.uri}: another process has just created it; "
                                "run `state hydrate` to use it") from taken
        local.trust(head)
        return PublishedState(1, first, head.seq, True, head.seq, hash=head.hash)


def publish_state(
    local: LocalState,
    release: Release,
    *,
    renew: bool = False,
    posts_only: bool = False,
    unused_claims: Collection[str] = (),
) -> PublishedState:
    """Hydrate the local state, then upload the posts that the release does not have.

    When it returns, every post that was in the directory is in the release or in `hydrated.lost`.
    Without new posts, it creates a generation only if the newest one has reached half of its
    lifetime.

    `renew` also accepts an expired generation. With `posts_only`, the generation keeps the tables
    of the previous one. A later call without it updates them. `unused_claims`: see `rebase`.

    ConflictError after ten lost races.
    """
    with local.exclusive():
        past: Hydrated | None = None
        for attempt in range(ATTEMPTS):
            now, here = catch_up(local, release, renew=renew, unused_claims=unused_claims)
            past = _together(past, now)
            newest = here.chain.newest
            light = posts_only and not here.opens
            snapshot = (
                StateSnapshot(local.lines(), {}, newest.tables) if light else local.snapshot()
            )
            same = snapshot.head == (newest.seq, newest.hash) and dict(snapshot.states) == dict(
                newest.tables
            )
            if same and not here.opens and not _is_due(newest, local.now()):
                return PublishedState(
                    newest.generation, here.chain.tag, newest.seq, False, 0, past, newest.hash
                )
            try:
                if len(here.assets) >= release.roll_at and not here.opens:
                    local.trust(_close(local, release, here))
                    continue
                head = _extend(local, release, here, snapshot, newest.archive if light else None)
            except NameTaken:
                release.pause(min(0.1 * 2**attempt, 10.0))
                continue
            local.trust(head)
            return PublishedState(
                head.generation, head.tag, head.seq, True, head.seq - newest.seq, past, head.hash
            )
    raise ConflictError(f"{release.where}: another publisher was first {ATTEMPTS} times; "
                        "run again, nothing is lost")


def _extend(local: LocalState, release: Release, here: Position, snapshot: StateSnapshot,
            kept: Archive | None) -> TrustedHead:
    """Upload the next generation with the new records, or the whole journal into a new release.

    `kept` is an archive of tables that is already in the release.
    """
    newest = here.chain.newest
    shorter = len(snapshot.lines) < newest.seq
    if shorter or (newest.seq and hash_of(snapshot.lines[newest.seq - 1]) != newest.hash):
        raise ConflictError(f"{local.folder}: its journal was replaced meanwhile; run again")
    return _upload(local, release, here.next_tag, snapshot, () if here.opens else newest.segments,
                   newest.generation + 1, here.chain.sha256, kept)


def _upload(
    local: LocalState,
    release: Release,
    tag: str,
    snapshot: StateSnapshot,
    before: Sequence[Segment],
    generation: int,
    previous: str,
    kept: Archive | None = None,
) -> TrustedHead:
    new = list(cut(snapshot.lines, (before[-1].last if before else EMPTY[0])))
    for segment, data in new:
        release.put_named_by_digest(tag, segment.name, data, segment.sha256, local.scratch)
    if kept is None:
        tables, packed = archive(generation, snapshot.tables)
        release.put_named_by_digest(tag, tables.name, packed, tables.sha256, local.scratch)
    else:
        tables = kept
    now = local.now()
    return _decide(
        local,
        release,
        tag,
        StateManifest(
            generation,
            previous,
            *snapshot.head,
            (*before, *(segment for segment, _ in new)),
            tables,
            now,
            _expires(now, release),
            snapshot.states,
        ),
    )


def _close(local: LocalState, release: Release, here: Position) -> TrustedHead:
    """Upload the last generation of a release: the previous one with the tag of the next release.

    The next release is created first, so a release that is missing later was always deleted.
    """
    following = tag_of(release.prefix, (number_of(release.prefix, here.next_tag) or 0) + 1)
    release.store.create(
        following, f"Billing state, release {number_of(release.prefix, following)}"
    )
    newest, now = here.chain.newest, local.now()
    return _decide(local, release, here.next_tag, replace(
        newest, generation=newest.generation + 1, previous=here.chain.sha256, created=now,
        expires=_expires(now, release), next_tag=following))


def _decide(local: LocalState, release: Release, tag: str, manifest: StateManifest) -> TrustedHead:
    """Upload the manifest: NameTaken if another publisher was first."""
    data = render(manifest)
    release.put(tag, name_of(manifest.generation), data, local.scratch)
    return TrustedHead(tag, manifest.generation, sha256_hex(data), manifest.seq, manifest.hash)


def _expires(created: str, release: Release) -> str:
    return utc_text(utc_moment(created) + timedelta(days=release.expires_days))


def _is_due(newest: StateManifest, now: str) -> bool:
    """Whether a generation has reached half of its lifetime. The next one is then due, so that no
    state in use expires."""
    created, expires, now_ = utc_moment(newest.created), utc_moment(newest.expires), utc_moment(now)
    return now_ - created > expires - now_


def _together(past: Hydrated | None, now: Hydrated) -> Hydrated:
    if past is None:
        return now
    return replace(
        now,
        added=past.added + now.added,
        posted_again=past.posted_again + now.posted_again,
        lost=past.lost + now.lost,
        kept_in=past.kept_in + now.kept_in,
    )
