"""Publishers of one billing state, in every order of their calls to the store, and in random orders with deaths.

Each posts, publishes, spends and publishes again; there are credits for one of them to spend. Whatever the order: what
was in the folder when `publish` returned is in the release once or was named as lost; nobody is told of a balance below
zero; and in the end all have the same journal.
"""
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from platform.errors import CreditsError, PlatformError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.model.entry import Post, PostType
from platform.state.hydrate import hydrate
from platform.state.local import LocalState
from platform.state.manifest import generation_of
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from tests.faults.disks import FaultyDisk
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.schedules import Actor, Choices, all_choices, play
from tests.faults.stores import MemoryStore
from tests.ledger.conftest import noon

RANDOM = 10_000
DEATHS = 0.04  # of each turn; an actor then begins again
ROLL_AT = 12  # a release is full after four generations, so that schedules cross into the next


def spend(name: str) -> Post:
    return Post(f"charge:{name}", "charge", "tenant", PostType.SPEND, -8, work_order_id=name)


class World:
    """A store with its first generation, publishers with a folder each, and what they were told."""

    def __init__(self, folder: Path, names: str, *, every_call: bool = False, spends: bool = False,
                 ready: bool = False) -> None:
        self.store, self.folder, self.names = MemoryStore(), folder, names
        self._every_call, self._spends = every_call, spends
        self.acknowledged: dict[str, set[str]] = {name: set() for name in names}
        self.lost: set[str] = set()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.store.releases = {tag: dict(assets) for tag, assets in _first().items()}
        for name in names if ready else "":
            hydrate(self.local(name), self.release(self.store))
        self._ready = ready

    def local(self, name: str) -> LocalState:
        return LocalState(self.folder / name, noon, FaultyDisk())

    def release(self, store: MemoryStore) -> Release:
        return Release(store, roll_at=ROLL_AT, pause=lambda seconds: None)

    def programs(self) -> list[Callable[[Actor], None]]:
        return [partial(self._program, name) for name in self.names]

    def _program(self, name: str, actor: Actor) -> None:
        """All of it may be done again from the start: keys tell what was posted before."""
        release = self.release(self.store.seen_by(partial(self._step, actor)))
        local = self.local(name)
        if not self._ready:
            hydrate(local, release)
        self._post(local, topup("tenant", 1, "wire", name))
        self._publish(name, local, release)
        if self._spends:
            try:
                self._post(local, spend(name))
            except CreditsError:
                return
            self._publish(name, local, release)

    def _step(self, actor: Actor, call: str, asset: str) -> None:
        """Where an actor may be stopped. Without `every_call` only where publishers can meet: a listing, a new release,
        the name of a manifest. Bytes never change, and other names nobody looks at before a manifest names them."""
        if self._every_call or call in ("tags", "assets", "create") or (call == "upload" and generation_of(asset)):
            actor.waits()

    @staticmethod
    def _post(local: LocalState, post: Post) -> None:
        with closing(local.open()) as ledger:
            ledger.post(lambda book: [post])
            ledger.checkpoint()

    def _publish(self, name: str, local: LocalState, release: Release) -> None:
        keys = _keys(local)
        done = publish_state(local, release)
        if done.hydrated:
            self.lost |= {lost.post.key for lost in done.hydrated.lost}
        self.acknowledged[name] |= keys - self.lost

    def wrong(self, *, thorough: bool = True) -> str:
        """Which promise is broken now, or nothing. `thorough`: every manifest and segment is looked at, too."""
        release = self.release(self.store)
        try:
            reader = self.local("reader")
            hydrate(reader, release)
            keys = _keys(reader)
            for name in self.names:
                if missing := self.acknowledged[name] - keys:
                    return f"lost: {sorted(missing)[0]}, which {name} was told is published"
                local = self.local(name)
                hydrate(local, release)
                if local.lines() != reader.lines():
                    return f"{name} has another journal than the release"
            if absent := {topup("tenant", 1, "wire", name).key for name in self.names} - keys:
                return f"lost: {sorted(absent)[0]}"
            if self._spends and len(keys & {spend(name).key for name in self.names}) != 1:
                return "there were credits for one to spend, and not one did"
            findings = verify_state(reader, release).findings if thorough else []
        except PlatformError as error:
            return f"wrongly refused: {error}"
        return findings[0] if findings else ""


@cache
def _first() -> dict[str, dict[str, bytes]]:
    """The releases when a state has just been shared, with credits for one spender and a bit."""
    store = MemoryStore()
    with scratch() as folder:
        first = LocalState(folder, noon, FaultyDisk())
        with closing(Ledger.create(folder, noon, first.disk)) as ledger:
            ledger.post(lambda book: [topup("tenant", 9, "wire", "first")])
        initialise(first, Release(store))
    return store.releases


def _keys(local: LocalState) -> set[str]:
    """The keys of a folder's posts; opening it checks that none is there twice and no balance was below zero."""
    with closing(local.open()) as ledger:
        return {record.post.key for record in ledger.records()}


def interleavings(seed: int) -> Points:
    """All orders of the calls in which publishers can meet: two that take the state, post and publish; three that have
    it, post and publish."""
    for names, ready in (("ab", False), ("abc", True)):
        def run(choices: Choices, folder: Path, names: str = names, ready: bool = ready) -> str:
            world = World(folder, names, ready=ready)
            return play(world.programs(), choices) or world.wrong()

        def alone(choices: Choices) -> None:
            with scratch() as folder:
                run(choices, folder)

        for choices in all_choices(alone):
            given = ".".join(map(str, choices.given))
            yield Point(f"{names}:{given}", partial(run, choices))


def publishers(seed: int) -> Points:
    """Three publishers in random orders, with deaths."""
    for number in range(RANDOM):
        yield Point(f"random-{number}", partial(_at_random, seed, number))


def _at_random(seed: int, number: int, folder: Path) -> str:
    chance = random.Random(f"{seed}/{number}")
    world = World(folder, "abc", every_call=True, spends=True)
    failed = play(world.programs(), lambda count: chance.randrange(count), lambda: chance.random() < DEATHS)
    return failed or world.wrong(thorough=number % 10 == 0)
