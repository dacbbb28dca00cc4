"""The other end: where the release stands now, read through the chain. Thin: what it finds, chain.py judges."""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.disk import refusals
from platform.ports.release_store import Asset, NameTaken, ReleaseStore
from platform.state.chain import LOOK, RESTORE, Chain, Pinned, TrustedHead
from platform.state.manifest import Segment, generation_of, name_of, number_of

ROLL_AT = 900  # of the 1,000 assets that a release takes: the rest is for those who lose races meanwhile


@dataclass(frozen=True, slots=True)
class Release:
    """A billing state's place in a store. `prefix` is what all its tags begin with; `roll_at` how many assets make a
    release full; `pause` waits so many seconds between tries."""

    store: ReleaseStore
    prefix: str = ""
    expires_days: int = 30
    roll_at: int = ROLL_AT
    pause: Callable[[float], None] = field(default=sleep)
    pinned: Pinned | None = None  # the profile's trusted_head

    @property
    def where(self) -> str:
        return self.store.uri

    def tags(self) -> tuple[str, ...]:
        """The tags of the state's releases, the first one first."""
        return tuple(tag for tag in self.store.tags(self.prefix) if number_of(self.prefix, tag) is not None)

    def fetch(self, tag: str, asset: Asset, scratch: Path) -> bytes:
        target = scratch / f"down-{asset.name}"
        self.store.download(tag, asset, target)
        with refusals(target, "read"):
            data = target.read_bytes()
            target.unlink()
        return data

    def put(self, tag: str, name: str, data: bytes, scratch: Path) -> Asset:
        """Upload bytes under a name. NameTaken says that the name has some."""
        source = scratch / f"up-{name}"
        with refusals(source, "write"):
            source.write_bytes(data)
        try:
            return self.store.upload(tag, name, source)
        finally:
            source.unlink(missing_ok=True)

    def put_named_by_digest(self, tag: str, name: str, data: bytes, sha256: str, scratch: Path) -> None:
        """As `put`; the same bytes may be there already, from a try that went no further."""
        try:
            self.put(tag, name, data, scratch)
        except NameTaken as taken:
            if taken.asset.sha256 != sha256:
                raise CorruptError(f"{taken.asset.uri}: is not what its name says; {RESTORE}") from taken


@dataclass(frozen=True, slots=True)
class Position:
    """The newest generation, and the release in which the next one is made; `assets` are that release's. `opens`: the
    next one is the first there, for the newest closed its own."""

    chain: Chain
    next_tag: str
    assets: Mapping[str, Asset]
    opens: bool
    home: Mapping[str, Asset]  # of the release in which the newest is, with its segments

    def segment(self, release: Release, segment: Segment, scratch: Path) -> tuple[bytes, str]:
        """A segment's bytes, not yet judged, and where they are."""
        asset = self.home.get(segment.name)
        if asset is None:
            raise CorruptError(f"{release.where}/{self.chain.tag}/{segment.name}: is gone; {RESTORE}")
        return release.fetch(self.chain.tag, asset, scratch), asset.uri


def position(release: Release, trusted: TrustedHead | None, scratch: Path) -> Position:
    """Walk from the trusted head, or else from the newest, to the end. StaleError when there is no release, or it is
    not the one that is trusted; nothing here ever takes a missing release for an empty state."""
    chain = Chain(trusted, release.pinned)
    tag, start = (trusted.tag, trusted.generation) if trusted else _newest_tag(release)
    if number_of(release.prefix, tag) is None:
        raise StaleError(f"{release.where}: the state here was shared in {tag}, which is no release of this profile; "
                         "use the profile that it belongs to")
    home = _assets(release, tag)
    _admit(release, chain, tag, home, start, scratch)
    while chain.newest.next_tag:
        tag = _next(release, tag, chain.newest.next_tag)
        assets = _assets(release, tag)
        if not any(_generations(assets)):
            return Position(chain, tag, assets, True, home)
        _admit(release, chain, tag, assets, chain.newest.generation + 1, scratch)
        home = assets
    return Position(chain, tag, home, False, home)


def _next(release: Release, tag: str, named: str) -> str:
    number = number_of(release.prefix, tag)
    if number is None or number_of(release.prefix, named) != number + 1:
        raise StaleError(f"{release.where}/{tag}: goes on in {named!r}, which is not the release after it; {LOOK}")
    return named


def _newest_tag(release: Release) -> tuple[str, int]:
    tags = release.tags()
    for tag in reversed(tags):
        found = list(_generations(_assets(release, tag)))
        if found:
            return tag, max(found)
    raise StaleError(f"{release.where}: has no release of the billing state; `state init` makes it, once" if not tags
                     else f"{release.where}/{tags[-1]}: has no manifest; `state init` makes the first one, once")


def _admit(release: Release, chain: Chain, tag: str, assets: Mapping[str, Asset], start: int, scratch: Path) -> None:
    last = max(_generations(assets), default=0)
    for generation in range(start, max(start, last) + 1):
        asset = assets.get(name_of(generation))
        if asset is None:
            raise StaleError(f"{release.where}/{tag}: has no generation {generation}" + (
                f", which was there before; {LOOK}" if generation == start else f" and has {last}; {LOOK}"))
        chain.admit(tag, asset.uri, release.fetch(tag, asset, scratch))


def _assets(release: Release, tag: str) -> Mapping[str, Asset]:
    assets = release.store.assets(tag)
    if assets is None:
        raise StaleError(f"{release.where}/{tag}: there is no such release any more; restore it, a new one would "
                         "forget what was paid")
    return assets


def _generations(assets: Mapping[str, Asset]) -> Iterator[int]:
    return (number for name in assets if (number := generation_of(name)) is not None)
