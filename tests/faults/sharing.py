"""Two machines share a state for a day, and the process dies: at every operation on a disk or the store, and again in
what comes after. The releases outlive it, and so do both folders.

The day has a release made, races that are lost and based anew, a charge that somebody else's spending makes void, and
releases that are full and closed. All of it may be done again from the start.
"""
import shutil
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from platform.errors import ConflictError, CreditsError, PlatformError, StaleError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.model.entry import Post
from platform.state.hydrate import hydrate
from platform.state.local import LocalState
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from tests.faults.disks import FaultyDisk, Killed, KillingDisk, ListingDisk, deaths
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.publishers import spend
from tests.faults.stores import MemoryStore
from tests.ledger.conftest import noon

ROLL_AT = 9


class SharedDay:
    """`told` are the keys that somebody was told are in the release, `heard` those that a machine's ledger took."""

    def __init__(self, folder: Path, store: MemoryStore, disk: FaultyDisk) -> None:
        self.folder, self._disk = folder, disk
        self._release = Release(store.seen_by(lambda call, name: disk.at_store(call)), roll_at=ROLL_AT,
                                pause=lambda seconds: None)
        self.told: set[str] = set()
        self.heard: dict[str, set[str]] = {"a": set(), "b": set()}

    def go(self) -> None:
        a, b = self.local("a"), self.local("b")
        with suppress(ConflictError, StaleError):
            initialise(a, self._release)
        self._share(a)
        self._take(b)
        self._post(a, topup("tenant", 10, "wire", "one"))
        self._share(a)
        self._post(b, topup("tenant", 2, "wire", "two"))
        self._share(b)
        for local, name in ((a, "tea"), (b, "milk")):  # credits for one of them
            with suppress(CreditsError):
                self._post(local, spend(name))
        self._share(a)
        self._share(b)
        self._post(b, topup("tenant", 1, "wire", "three"))
        self._share(b)
        self._take(a)

    def local(self, name: str) -> LocalState:
        return LocalState(self.folder / name, noon, self._disk)

    def _post(self, local: LocalState, post: Post) -> None:
        with closing(Ledger.create(local.folder, noon, self._disk)) as ledger:
            ledger.post(lambda book: [post])
            ledger.checkpoint()
        self.heard[local.folder.name].add(post.key)

    def _share(self, local: LocalState) -> None:
        done = publish_state(local, self._release)
        lost = {lost.post.key for lost in done.hydrated.lost} if done.hydrated else set()
        self.heard[local.folder.name] -= lost
        self.told |= self.heard[local.folder.name]

    def _take(self, local: LocalState) -> None:
        self.heard[local.folder.name] -= {lost.post.key for lost in hydrate(local, self._release).lost}


def sharing(seed: int) -> Points:
    """Every operation of the day, an append also in the middle; and after every 13th a second death, at every 97th
    operation of what comes then."""
    names = operations()
    for at, part in deaths(names):
        yield Point(f"{at}.{part}", partial(_attempt, [(at, part)]))
    for at in range(0, len(names), 13):
        for second in range(at % 97, len(names) - at, 97):
            yield Point(f"{at}.0+{second}", partial(_attempt, [(at, 0), (second, 1)]))


def operations() -> list[str]:
    """The names of the day's operations on disks and store, in order."""
    disk = ListingDisk()
    with scratch() as folder:
        SharedDay(folder, MemoryStore(), disk).go()
    return disk.names


def _attempt(when: list[tuple[int, int]], folder: Path) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    store = MemoryStore()
    told: set[str] = set()
    for at, part in when:
        disk = KillingDisk(at, part)
        day = SharedDay(folder, store, disk)
        try:
            with suppress(Killed):
                day.go()
        except PlatformError as error:
            return f"wrongly refused: {error}"
        finally:
            disk.leave()
        told |= day.told
        if wrong := _after_death(day, store, told):
            return wrong
    return _when_done_again(folder, store, told)


def _after_death(day: SharedDay, store: MemoryStore, told: set[str]) -> str:
    """What a stranger finds in the release, and what each machine still has."""
    try:
        if told:
            stranger = LocalState(day.folder / "stranger", noon, FaultyDisk())
            hydrate(stranger, Release(store))
            if missing := told - _keys(stranger):
                return f"lost: {sorted(missing)[0]} was published"
        for name, heard in day.heard.items():
            if missing := heard - _all_keys(LocalState(day.folder / name, noon, FaultyDisk())):
                return f"lost: {sorted(missing)[0]} was posted by {name}"
    except PlatformError as error:
        return f"wrongly refused after the death: {error}"
    return ""


def _when_done_again(folder: Path, store: MemoryStore, told: set[str]) -> str:
    day = SharedDay(folder, store, FaultyDisk())
    try:
        day.go()
        a, b = day.local("a"), day.local("b")
        if a.lines() != b.lines():
            return "the retry does not converge"
        keys = _keys(a)
        wanted = {topup("tenant", 1, "wire", name).key for name in ("one", "two", "three")}
        if missing := (told | wanted) - keys:
            return f"lost: {sorted(missing)[0]}"
        if len(keys & {spend("tea").key, spend("milk").key}) != 1 or len(keys) != len(wanted) + 1:
            return "posts that were not asked for, or not one of two was spent"
        findings = verify_state(a, Release(store)).findings
    except PlatformError as error:
        return f"wrongly refused: {error}"
    return findings[0] if findings else ""


def _keys(local: LocalState) -> set[str]:
    """Opening a ledger checks that no key is there twice and no balance was below zero."""
    with closing(local.open()) as ledger:
        return {record.post.key for record in ledger.records()}


def _all_keys(local: LocalState) -> set[str]:
    """Those of its journal, and those that it has kept aside as lost: neither may be dropped."""
    kept = b"".join(path.read_bytes() for path in local.folder.glob("journal.lost.*"))
    known = {line.split(b",")[2].decode() for line in kept.splitlines()}
    return (_keys(local) if Ledger.exists(local.folder) else set()) | known
