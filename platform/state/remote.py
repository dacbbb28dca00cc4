"""The remote end: read the release's newest generation. chain.py checks what this module reads."""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.disk import refusals
from platform.ports.release_store import Asset, NameTaken, ReleaseStore
from platform.state.chain import LOOK, RESTORE, Chain, Pinned, TrustedHead
from platform.state.manifest import Segment, generation_of, name_of, number_of

# A release takes 1,000 assets. The rest is for publishers that lose a race meanwhile.
ROLL_AT = 900


@dataclass(frozen=True, slots=True)
class Release:
    """A billing state's releases in a store.

    All tags begin with `prefix`. A release with `roll_at` assets is full. `pause` waits for a
    number of seconds between tries.
    """

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
        """The tags of the state's releases, from the first to the newest."""
        return tuple(
            tag for tag in self.store.tags(self.prefix) if number_of(self.prefix, tag) is not None
        )

    def fetch(self, tag: str, asset: Asset, scratch: Path) -> bytes:
        target = scratch / f"down-{asset.name}"
        self.store.download(tag, asset, target)
        with refusals(target, "read"):
            data = target.read_bytes()
            target.unlink()
        return data

    def put(self, tag: str, name: str, data: bytes, scratch: Path) -> Asset:
        """Upload bytes under a name. NameTaken if the name has an asset already."""
        source = scratch / f"up-{name}"
        with refusals(source, "write"):
            source.write_bytes(data)
        try:
            return self.store.upload(tag, name, source)
        finally:
            source.unlink(missing_ok=True)

    def put_named_by_digest(
        self, tag: str, name: str, data: bytes, sha256: str, scratch: Path
    ) -> None:
        """As `put`, but accept an asset with the same bytes: an earlier try may have left it."""
        try:
            self.put(tag, name, data, scratch)
        except NameTaken as taken:
            if taken.asset.sha256 != sha256:
                raise CorruptError(
                    f"{taken.asset.uri}: does not match its name; {RESTORE}") from taken


@dataclass(frozen=True, slots=True)
class Position:
    """The newest generation, and the release of the next one with its `assets`.

    `opens`: the newest generation closed its release; the next one is the first of a new release.
    """

    chain: Chain
    next_tag: str
    assets: Mapping[str, Asset]
    opens: bool
    home: Mapping[str, Asset]  # of the release with the newest generation and its segments

    def segment(self, release: Release, segment: Segment, scratch: Path) -> tuple[bytes, str]:
        """A segment's bytes, not yet checked, and their address."""
        asset = self.home.get(segment.name)
        if asset is None:
            raise CorruptError(
                f"{release.where}/{self.chain.tag}/{segment.name}: is missing; {RESTORE}")
        return release.fetch(self.chain.tag, asset, scratch), asset.uri


def position(release: Release, trusted: TrustedHead | None, scratch: Path) -> Position:
    """Walk from the trusted head, or else from the newest manifest, to the end.

    StaleError if the release is missing or is not the trusted one. A missing release is never
    treated as an empty state.
    """
    chain = Chain(trusted, release.pinned)
    tag, start = (trusted.tag, trusted.generation) if trusted else _newest_tag(release)
    if number_of(release.prefix, tag) is None:
        raise StaleError(f"{release.where}: the local state was shared in {tag}, which is not a "
                         "release of this profile; use the profile that it belongs to")
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
        raise StaleError(f"{release.where}/{tag}: names {named!r} as the next release, which is "
                         f"not the release after it; {LOOK}")
    return named


def _newest_tag(release: Release) -> tuple[str, int]:
    tags = release.tags()
    for tag in reversed(tags):
        found = list(_generations(_assets(release, tag)))
        if found:
            return tag, max(found)
    raise StaleError(
        f"{release.where}: has no release of the billing state; run `state init` once" if not tags
        else f"{release.where}/{tags[-1]}: has no manifest; run `state init` once")


def _admit(
    release: Release, chain: Chain, tag: str, assets: Mapping[str, Asset], start: int, scratch: Path
) -> None:
    last = max(_generations(assets), default=0)
    for generation in range(start, max(start, last) + 1):
        asset = assets.get(name_of(generation))
        if asset is None:
            raise StaleError(f"{release.where}/{tag}: has no generation {generation}" + (
                f", which existed before; {LOOK}" if generation == start
                else f", but has generation {last}; {LOOK}"))
        chain.admit(tag, asset.uri, release.fetch(tag, asset, scratch))


def _assets(release: Release, tag: str) -> Mapping[str, Asset]:
    assets = release.store.assets(tag)
    if assets is None:
        raise StaleError(f"{release.where}/{tag}: the release no longer exists; restore it, "
                         "because a new one would lose the record of what was paid")
    return assets


def _generations(assets: Mapping[str, Asset]) -> Iterator[int]:
    return (number for name in assets if (number := generation_of(name)) is not None)
