"""Somebody changes the release: what a reader who trusts its head, and a stranger who does not yet, must refuse.

First what a person with write access might do on purpose, each with the status and the words that it must be met with;
then every byte of every asset, one bit of it: a reader takes the true journal or nothing, and `verify` finds it.
"""
import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from platform.errors import PlatformError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.model.digest import sha256_hex
from platform.state.chain import TrustedHead
from platform.state.hydrate import hydrate
from platform.state.local import LocalState
from platform.state.manifest import StateManifest, name_of, parse, render
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from tests.faults.disks import FaultyDisk
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.stores import MemoryStore
from tests.ledger.conftest import noon

TAG = "billing-state-0001"
LAST = 4  # generations that the release has

Assets = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Deed:
    """`do` changes the release's assets; `evil` are those of another history. `trusts`: the reader has seen the newest
    generation before."""

    do: Callable[[Assets, Assets], None]
    status: int
    words: str
    trusts: bool = True
    now: Callable[[], str] = noon


def _newest(assets: Assets) -> StateManifest:
    return parse(assets[name_of(LAST)])


def _put(assets: Assets, manifest: StateManifest) -> None:
    assets[name_of(manifest.generation)] = render(manifest)


def _next(assets: Assets) -> StateManifest:
    newest = _newest(assets)
    return replace(newest, generation=LAST + 1, previous=sha256_hex(assets[name_of(LAST)]))


def _take_back(assets: Assets, evil: Assets) -> None:
    del assets[name_of(LAST)]


def _rewrite(assets: Assets, evil: Assets) -> None:
    assets.clear()
    assets.update(evil)


def _another_before(assets: Assets, evil: Assets) -> None:
    _put(assets, replace(_next(assets), previous="f" * 64))


def _leave_one_out(assets: Assets, evil: Assets) -> None:
    _put(assets, replace(_next(assets), generation=LAST + 2))


def _misnumber(assets: Assets, evil: Assets) -> None:
    assets[name_of(LAST + 1)] = render(replace(_next(assets), generation=LAST + 2))


def _fork_the_journal(assets: Assets, evil: Assets) -> None:
    other = parse(evil[name_of(LAST + 1)])
    assets.update({segment.name: evil[segment.name] for segment in other.segments})
    _put(assets, replace(other, previous=_next(assets).previous))


def _shorten_the_journal(assets: Assets, evil: Assets) -> None:
    newest = _newest(assets)
    before = newest.segments[:-1]
    _put(assets, replace(_next(assets), segments=before, seq=before[-1].last, hash=before[-1].hash))


def _lose_a_segment(assets: Assets, evil: Assets) -> None:
    del assets[_newest(assets).segments[0].name]


def _exchange_a_segment(assets: Assets, evil: Assets) -> None:
    assets[_newest(assets).segments[0].name] = evil[parse(evil[name_of(LAST)]).segments[0].name]


def _exchange_a_segment_and_its_digest(assets: Assets, evil: Assets) -> None:
    newest, other = _newest(assets), parse(evil[name_of(LAST)]).segments[0]
    forged = other._replace(hash=newest.segments[0].hash)
    assets[forged.name] = evil[other.name]
    _put(assets, replace(newest, segments=(forged, *newest.segments[1:])))


def _leave_a_segment_out(assets: Assets, evil: Assets) -> None:
    newest = _newest(assets)
    _put(assets, replace(newest, segments=newest.segments[1:]))


def _point_elsewhere(assets: Assets, evil: Assets) -> None:
    _put(assets, replace(_newest(assets), next_tag="../../elsewhere"))


def _close(assets: Assets, evil: Assets) -> None:
    _put(assets, replace(_newest(assets), next_tag="billing-state-0002"))


def _go_on_after_closing(assets: Assets, evil: Assets) -> None:
    _put(assets, replace(_next(assets), next_tag="billing-state-0002"))
    closing_bytes = assets[name_of(LAST + 1)]
    _put(assets, replace(_next(assets), generation=LAST + 2, previous=sha256_hex(closing_bytes)))


def _nothing(assets: Assets, evil: Assets) -> None:
    pass


DEEDS: dict[str, Deed] = {
    "rolled-back": Deed(_take_back, 14, "has no generation 4, which existed before"),
    "rewritten": Deed(_rewrite, 14, "is not the manifest of generation 4 that was trusted"),
    "another-before": Deed(_another_before, 14, "does not have the digest of the previous manifest"),
    "one-left-out": Deed(_leave_one_out, 14, "has no generation 5, but has generation 6"),
    "misnumbered": Deed(_misnumber, 14, "is generation 6, but the next one must be 5"),
    "journal-forked": Deed(_fork_the_journal, 14, "no longer contains post 4"),
    "journal-shortened": Deed(_shorten_the_journal, 14, "its journal does not continue that of generation 4"),
    "goes-on-after-closing": Deed(_go_on_after_closing, 14, "the release was closed by generation 5"),
    "expired": Deed(_nothing, 14, "generation 4 expired on", now=lambda: "2027-03-01T00:00:00Z"),
    "expired-for-a-stranger": Deed(_nothing, 14, "expired on", trusts=False, now=lambda: "2027-03-01T00:00:00Z"),
    "segment-lost": Deed(_lose_a_segment, 13, "is missing", trusts=False),
    "segment-exchanged": Deed(_exchange_a_segment, 13, "does not match its manifest", trusts=False),
    "segment-forged": Deed(_exchange_a_segment_and_its_digest, 13, "does not end with record 1", trusts=False),
    "segment-left-out": Deed(_leave_a_segment_out, 13, "does not continue after record 0", trusts=False),
    "points-elsewhere": Deed(_point_elsewhere, 14, "which is not the release after it", trusts=False),
    "closed-into-nothing": Deed(_close, 14, "the release no longer exists", trusts=False),
}


class Scene:
    """A release of four generations, and a reader of all of them."""

    def __init__(self, folder: Path, name: str, generations: int = LAST) -> None:
        self.store, self.folder = MemoryStore(), folder / name
        self.release = Release(self.store, pause=_no_pause)
        author = self.local("author")
        for generation in range(generations):
            with closing(Ledger.create(author.folder, noon, author.disk)) as ledger:
                ledger.post(lambda book, reference=f"{name}-{generation}": [topup("tenant", 5, "wire", reference)])
            (publish_state if generation else initialise)(author, self.release)
        self.lines = author.lines()
        hydrate(self.local("reader"), self.release)

    @property
    def assets(self) -> Assets:
        return self.store.releases[TAG]

    def local(self, name: str, now: Callable[[], str] = noon) -> LocalState:
        return LocalState(self.folder / name, now, FaultyDisk())


def tamper(seed: int) -> Points:
    """All deeds, then one bit of each byte of each asset."""
    for name in DEEDS:
        yield Point(name, partial(_attempt_deed, DEEDS[name]))
    for name, data in sorted(_true()[0].items()):
        for at in range(len(data)):
            bit = 1 << random.Random(f"{seed}{name}{at}").randrange(8)
            yield Point(f"{name}:{at}", partial(_attempt_flip, name, at, bit))


@cache
def _true() -> tuple[Assets, tuple[bytes, ...], TrustedHead | None]:
    """A scene's assets, its journal, and what its reader trusts."""
    with scratch() as folder:
        folder.mkdir()
        scene = Scene(folder, "true")
        return scene.assets, scene.lines, scene.local("reader").trusted()


def _attempt_deed(deed: Deed, folder: Path) -> str:
    folder.mkdir()
    scene = Scene(folder, "true")
    deed.do(scene.assets, Scene(folder, "evil", LAST + 1).assets)
    reader = scene.local("reader" if deed.trusts else "stranger", deed.now)
    before = reader.lines()
    for act in (hydrate, publish_state):
        try:
            act(reader, scene.release)
        except PlatformError as error:
            if error.exit_status != deed.status or deed.words not in str(error):
                return f"{act.__name__} ends with {error.exit_status}: {error}"
        else:
            return f"{act.__name__} takes it"
    if reader.lines() != before:
        return "it was refused, and the local journal was changed"
    return ""


def _attempt_flip(name: str, at: int, bit: int, folder: Path) -> str:
    assets, lines, trusted = _true()
    damaged = bytearray(assets[name])
    damaged[at] ^= bit
    store = MemoryStore()
    store.releases[TAG] = {**assets, name: bytes(damaged)}
    release = Release(store, pause=_no_pause)
    stranger = LocalState(folder / "stranger", noon, FaultyDisk())
    try:
        hydrate(stranger, release)
        if stranger.lines() != lines:
            return "a stranger takes another journal"
    except PlatformError as error:
        if error.exit_status not in (13, 14):
            return f"a stranger ends with {error.exit_status}: {error}"
    reader = LocalState(folder / "reader", noon, FaultyDisk())
    reader.folder.mkdir(parents=True)
    if trusted:
        reader.trust(trusted)
    return "" if verify_state(reader, release).findings else "`verify` does not find it"


def _no_pause(seconds: float) -> None:
    pass
