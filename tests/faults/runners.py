"""Two runners of one order, each with its own clone of a shared ledger: charge, claim, send, evidence, settlement.

The code of a run is the real one (gate, deliveries, sharing, state). The module, the processes and the provider are
not: the provider takes every mail and cannot be asked. A runner stops before each call to the store at which two can
meet, before a mail leaves, and after it has left. All orders of these stops with few switches are tried, and random
orders in which runners die and the store fails.

Whatever the order: a mail goes out again only after its sender could tell nobody of it, and at most once more; none
goes out after a person has decided; work that arrived stays paid; and in the end the clones agree.
"""
import random
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, redirect_stderr
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from io import StringIO
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import yaml

from platform.app import gate as gates
from platform.app.billing import Billing
from platform.app.deliveries import Deliveries
from platform.app.gate import LedgerGate
from platform.app.holding import Allowed, is_returned
from platform.app.sharing import Sharing
from platform.config import parse
from platform.delivery.flow import BEFORE, LOOK_UNKNOWN
from platform.errors import PlatformError, RemoteError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import attempts, keys
from platform.ledger.rules.attempts import LIMIT, Attempts, Decision
from platform.ledger.rules.balance import Book
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.ledger.rules.refund import settle, supersede
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post
from platform.model.ids import RUN_CHARGE
from platform.model.order import Kind
from platform.model.profile import Profile
from platform.model.run import RunRecord, Status
from platform.model.tenant import Tenant
from platform.ports.release_store import Asset
from platform.run.permit import Denied, Permit
from platform.state.local import LocalState
from platform.state.manifest import generation_of
from platform.state.manifest import parse as parse_manifest
from platform.state.publish import initialise
from platform.state.remote import Release
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.schedules import Actor, play
from tests.faults.stores import MemoryStore
from tests.ledger.conftest import noon, order, run, step

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 10  # turns of one runner before the other goes on
RANDOM = 10_000
DEATHS, FAILURES = 0.03, 0.04
ROLL_AT = 12  # releases fill up while runners are in the middle of something
RUNS = 6  # of one program, with those after a death or a failure

SAY = step("say")
DELIVER = step("deliver", ("__run__", 1), kind=Kind.DELIVERY)
ORDER = order(SAY, DELIVER)
WORK = DELIVER.task_hash
REASONS = parse.reasons(yaml.safe_load((ROOT / "config" / "reasons.yml").read_text(encoding="utf-8")))
PROFILE = Profile(billing_state_release="required", delivery={"email": {"transport": "smtp"}})
PACKAGE = "a" * 64
RECEIPT = {"provider": "email", "bytes": 1, "sha256": PACKAGE, "verification_status": "unverified"}

# what becomes of one run: it completes; its first step fails; the provider refuses, or takes the mail and says nothing;
# the order has become another one
DELIVERS, FAILS, REFUSED, BREAKS, EDITED = "delivers", "fails", "refused", "breaks", "edited"
ARRIVED, REFUND, RESEND = "arrived", "refund", "resend"  # or a person decides


@dataclass
class Mail:
    """One mail that left. `noted`: its sender told the release."""

    epoch: int
    sender: int
    noted: bool = False


@dataclass
class World:
    """What outlives the processes: the store, the clones' directories, the records in them, and the mails."""

    folder: Path
    chance: random.Random | None = None
    store: MemoryStore = field(default_factory=MemoryStore)
    mails: list[Mail] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)
    records: dict[str, dict[str, RunRecord]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    processes: int = 0
    here: threading.local = field(default_factory=threading.local)
    calm: bool = False  # nothing fails any more
    resends: int = 0  # decisions that allow one more mail
    decided: int | None = None  # how many mails there were when another decision was published

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.store.releases = {tag: dict(assets) for tag, assets in _first().items()}

    def claimant(self) -> SimpleNamespace:
        """Processes that know of each other whether they run."""
        return SimpleNamespace(
            this_process=lambda: {"pid": self.here.pid}, is_ours=lambda who: who == {"pid": self.here.pid},
            is_dead=lambda who: who["pid"] not in self.alive, described=lambda who: f"process {who['pid']}")

    def fails(self) -> bool:
        return self.chance is not None and not self.calm and self.chance.random() < FAILURES

    def has_published(self, key: str) -> bool:
        """Whether the newest generation has a post with this key."""
        manifests = [(generation_of(name), data, assets) for assets in self.store.releases.values()
                     for name, data in assets.items() if generation_of(name)]
        _, newest, assets = max(manifests, key=lambda each: each[0] or 0)
        return any(key.encode() in assets[segment.name] for segment in parse_manifest(newest).segments)

    def program(self, name: str, outcomes: tuple[str, ...], actor: Actor | None) -> None:
        """Runs of one clone, one process after the other. One that died begins again from the first."""
        left = list(outcomes)
        for _ in range(RUNS):
            self.processes += 1
            pid = self.here.pid = self.processes
            self.alive.add(pid)
            try:
                Runner(self, name, actor).go(left[0])
                left.pop(0)
            except RemoteError:
                pass  # the store failed, and the process ended with that
            finally:
                self.alive.discard(pid)
            if not left:
                return

    def faults(self) -> str:
        """Which promise is broken after everything has calmed down, or nothing."""
        self.calm = True
        for name in ("a", "b", "a", "b"):
            self.program(name, (DELIVERS,), None)
        unheard = sum(not mail.noted for mail in self.mails)
        if self.decided is not None and len(self.mails) > self.decided:
            self.wrong.append(f"a mail after a decision: {self.mails}")
        if len(self.mails) > min(1 + unheard, LIMIT + self.resends):
            self.wrong.append(f"{len(self.mails)} mails: {self.mails}")
        journals = []
        for name in ("a", "b"):
            with closing(Ledger.open(self.folder / name, noon)) as ledger:
                journals.append([record.post for record in ledger.records()])
                paid = ledger.book.paid(WORK, RUN_CHARGE) is not None
                done = ledger.book.fact(WORK, ledger.book.epoch(WORK, RUN_CHARGE)) is Fact.DONE
                if any(mail.noted for mail in self.mails) and not (
                        (paid and done) or self._is_returned(journals[-1])):
                    self.wrong.append(f"{name}: a mail arrived, and its delivery is paid: {paid}, done: {done}")
                past = Attempts()
                past.add(journals[-1])
                if not self.mails and paid and not past.of(DELIVER.id, (WORK, ledger.book.epoch(WORK, RUN_CHARGE))
                                                           ).is_capped:
                    self.wrong.append(f"{name}: paid, no mail was ever sent, and nothing waits for a decision")
            lost = b"".join(file.read_bytes() for file in (self.folder / name).glob("journal.lost.*"))
            if b",evidence," in lost:
                self.wrong.append(f"{name}: evidence is lost")
        if journals[0] != journals[1]:
            self.wrong.append("the clones have different journals")
        return "; ".join(self.wrong)

    @staticmethod
    def _is_returned(posts: Iterable[Post]) -> bool:
        return any(post.kind == "decision" and post.metadata["decision"] == REFUND for post in posts)


class Runner:
    """One process: one run of the order in one clone."""

    def __init__(self, world: World, name: str, actor: Actor | None) -> None:
        self._world, self._actor = world, actor
        self._folder = world.folder / name
        self._records = world.records.setdefault(name, {})
        self._decided = ""  # key of a decision
        self._statuses: list[int] = []
        self._billing = Billing(self._folder)
        store = Store(world, self._waits)
        self._sharing = _Sharing(self._workspace(), self._billing, _GUARD, self._statuses)
        self._sharing.release = Release(store, roll_at=ROLL_AT, pause=lambda seconds: None)
        self._known = SimpleNamespace(of_step=lambda planned: self._records.get(planned.id.step_id))
        self._deliveries = Deliveries(self._billing, self._known)

    def go(self, outcome: str) -> None:
        """RemoteError when the store fails; Killed where the actor dies."""
        try:
            self._sharing.hydrate()
            if outcome in (ARRIVED, REFUND, RESEND):
                self._decide(outcome)
            else:
                self._run(outcome)
            self._sharing.publish()
            if self._decided and self._world.has_published(self._decided):
                self._world.decided = len(self._world.mails)
        finally:
            self._billing.close()

    def _run(self, outcome: str) -> None:
        self._billing.ledger.post(partial(self._charged, edited=outcome == EDITED))
        book = self._billing.history.book
        if book.paid(WORK, RUN_CHARGE) is None or outcome == EDITED or is_returned(book, DELIVER):
            return
        epoch = book.epoch(WORK, RUN_CHARGE)
        say = self._records.get("say")
        if not say or not say.completed:
            failed = outcome == FAILS
            say = run(SAY, Status.FAILED if failed else Status.COMPLETED, "bad_input_format" if failed else "",
                      book.epoch(SAY.task_hash, RUN_CHARGE))
            self._records["say"] = say
        if say.completed:
            last = self._records.get("deliver")
            if last is None or not last.completed:
                self._records["deliver"] = self._deliver(epoch, outcome)
        else:
            self._records["deliver"] = run(DELIVER, Status.SKIPPED, "skipped_upstream", epoch)
        self._billing.ledger.post(lambda book: settle(book, ORDER, self._records, REASONS))

    def _charged(self, book: Book, *, edited: bool) -> tuple[Post, ...]:
        planned = {SAY.task_hash} if edited else {SAY.task_hash, WORK}
        back = supersede(book, ORDER.id, planned, self._records.values(), REASONS)
        draft = book.draft()
        for post in back:
            draft.apply(post)
        without = ["deliver"] if edited or is_returned(draft, DELIVER) else []
        tenant = Tenant("tenant", "Tenant")
        return (*back, *decide_charge(draft, ORDER, tenant, {}, date(2026, 11, 24), without).posts)

    def _decide(self, decision: str) -> None:
        """As app/decide.py does it, when there is something to decide."""
        past = next(iter(reversed(self._deliveries.index.of_step(DELIVER.id))), None)
        alive = past and any(claim.claimant["pid"] in self._world.alive for claim in past.open)
        if past is None or not past.doubts or alive or past.decided():
            return
        made = Decision(past.made, decision, "me", "", "", "")
        paid = self._billing.history.book.open_items(ORDER.id) if decision == REFUND else ()
        posts = [attempts.decision(DELIVER.id, past.work, made), *attempts.returned(ORDER.id, past.work, paid)]
        self._deliveries.post(lambda book: posts)
        self._world.resends += decision == RESEND
        self._decided = posts[0].key if decision != RESEND else ""

    def _deliver(self, epoch: int, outcome: str) -> RunRecord:
        """As run/step.py does it."""
        gate = LedgerGate(self._run_of_gate(), DELIVER, epoch)
        while True:
            permit = gate.permit({})
            if isinstance(permit, Denied):
                return run(DELIVER, permit.status, permit.reason, epoch)
            sent: list[Mail] = []
            record, again = gate.ended(self._attempt(permit, epoch, outcome, sent))
            for mail in sent:
                mail.noted = self._world.has_published(keys.evidence(WORK, epoch, PACKAGE))
            if not again:
                return record

    def _attempt(self, permit: Permit, epoch: int, outcome: str, sent: list[Mail]) -> RunRecord:
        """What the module and the provider make of it."""
        if permit.receipts:
            return run(DELIVER, Status.COMPLETED, BEFORE, epoch, evidence=RECEIPT)
        if permit.look_only:
            return run(DELIVER, Status.FAILED, LOOK_UNKNOWN, epoch)
        self._waits()
        if outcome == REFUSED:
            return run(DELIVER, Status.FAILED, "unverified" if permit.in_doubt else "recipient_refused", epoch)
        sent.append(Mail(epoch, self._world.here.pid))
        self._world.mails += sent
        self._waits()
        if outcome == BREAKS:
            return run(DELIVER, Status.FAILED, "unverified", epoch)
        return run(DELIVER, Status.COMPLETED, "", epoch, evidence=RECEIPT)

    def _waits(self) -> None:
        if self._actor:
            self._actor.waits()

    def _workspace(self) -> SimpleNamespace:
        return SimpleNamespace(profile=PROFILE, billing_state_dir=self._folder, has_own_state=True, root=self._folder)

    def _run_of_gate(self) -> Any:
        return SimpleNamespace(
            billing=self._billing, deliveries=self._deliveries, sharing=self._sharing, records=self._known,
            workspace=self._workspace(), allowed=Allowed(),
            context=SimpleNamespace(module_dir=lambda module_id: ROOT / "modules" / "deliver_email"),
            snapshot=SimpleNamespace(repo=SimpleNamespace(reasons=REASONS)))


class _Sharing(Sharing):
    release: Release

    def opened(self) -> Release:
        return self.release


_GUARD: Any = SimpleNamespace(memory=lambda make: None, again=lambda: None)


class Store(MemoryStore):
    """The world's releases as one process sees them. It waits where runners can meet, and fails with or without
    effect."""

    def __init__(self, world: World, waits: Callable[[], None]) -> None:
        super().__init__()
        self.releases, self._world, self._waits = world.store.releases, world, waits
        self._step = self._before

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        asset = super().upload(tag, name, file)
        if self._world.fails():
            raise RemoteError(f"{name}: no answer")
        return asset

    def _before(self, call: str, name: str) -> None:
        if call in ("assets", "create") or (call == "upload" and generation_of(name)):
            self._waits()
        if self._world.fails():
            raise RemoteError(f"{call} {name}: cannot be reached")


@cache
def _first() -> Mapping[str, Mapping[str, bytes]]:
    """The releases when a ledger with credits has just been shared."""
    store = MemoryStore()
    with scratch() as folder:
        local = LocalState(folder, noon)
        with closing(Ledger.create(folder, noon)) as ledger:
            ledger.post(lambda book: [topup("tenant", 1000, "wire", "first")])
        initialise(local, Release(store))
    return store.releases


class Switches:
    """One runner goes on for so many turns, then the other, and so on; at the end each to its end."""

    def __init__(self, turns: Iterable[int]) -> None:
        self._turns, self._current = list(turns), 0

    def __call__(self, count: int) -> int:
        if count == 1:
            return 0
        while self._turns and not self._turns[0]:
            self._turns.pop(0)
            self._current = 1 - self._current
        if self._turns:
            self._turns[0] -= 1
        return self._current


DAYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "both": ((DELIVERS,), (DELIVERS,)),
    "one-fails": ((DELIVERS,), (FAILS, DELIVERS)),
    "one-refused": ((DELIVERS,), (REFUSED, DELIVERS)),
    "both-refused": ((REFUSED, DELIVERS), (REFUSED, DELIVERS)),
    "one-edited": ((DELIVERS,), (EDITED, DELIVERS)),
    "broken": ((BREAKS, DELIVERS), (BREAKS, DELIVERS)),
    "broken-arrived": ((BREAKS, ARRIVED, DELIVERS), (DELIVERS, DELIVERS)),
    "broken-refund": ((BREAKS, REFUND, DELIVERS), (DELIVERS, DELIVERS)),
    "broken-resend": ((BREAKS, BREAKS, RESEND, DELIVERS), (DELIVERS, ARRIVED, DELIVERS)),
    "fails-and-refused": ((FAILS, DELIVERS), (REFUSED, DELIVERS)),
}


def runners(seed: int) -> Points:
    """Few switches first, then random orders with deaths and failures."""
    for day, turns in product(DAYS, product(range(LONGEST), range(1, LONGEST), range(1, LONGEST))):
        yield Point(f"{day}:{'.'.join(map(str, turns))}", partial(_in_turns, day, turns))
    for number in range(RANDOM):
        yield Point(f"random-{number}", partial(_at_random, seed, number))


def _in_turns(day: str, turns: tuple[int, ...], folder: Path) -> str:
    return _played(World(folder), day, Switches(turns), lambda: False)


def _at_random(seed: int, number: int, folder: Path) -> str:
    chance = random.Random(f"{seed}/{number}")
    return _played(World(folder, chance), chance.choice(list(DAYS)), lambda count: chance.randrange(count),
                   lambda: chance.random() < DEATHS)


def _played(world: World, day: str, choose: Callable[[int], int], dies: Callable[[], bool]) -> str:
    programs = [partial(world.program, name, outcomes) for name, outcomes in zip("ab", DAYS[day], strict=True)]
    with patch.object(gates, "claimant", world.claimant()), redirect_stderr(StringIO()) as told:
        wrong = play(programs, choose, dies)
        try:
            wrong = "; ".join(filter(None, [wrong, world.faults()]))
        except PlatformError as error:
            wrong = f"{wrong}; wrongly refused: {error}"
        return f"{wrong}: {told.getvalue()}" if wrong else ""
