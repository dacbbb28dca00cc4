"""A year of one operator: events, runs, decisions, and a judgement at the end of every day."""
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from platform.ledger.rules.attempts import REFUND_REASON
from tests.year import judge
from tests.year.clone import Clone
from tests.year.events import EVENTS
from tests.year.receiver import TAKES, Receiver
from tests.year.world import FIRST_DAY, World

_EXITS = frozenset({0, 1, 12, 17})  # what a run may end with here; 10, 11, 13 to 16 and tracebacks are faults


@dataclass
class Year:
    """What became of it: how often each thing happened, and what did not hold, by day."""

    days: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    world: Path | None = None  # where the clones, the store and the mails of a faulty day are kept


def run(days: int, seed: int, *, tenants: int = 12, first_day: date = FIRST_DAY,
        say: Callable[[str], object] = str) -> Year:
    """Simulate; stops at the first day on which something does not hold, and keeps its world, as when an error ends
    the simulation. `say` gets a line a day."""
    year, folder = Year(), Path(tempfile.mkdtemp(prefix="year-"))
    receiver = Receiver()
    controller = receiver.started()
    try:
        world = World(folder, seed, tenants, receiver, controller.port, first_day)
        say(f"the world is in {folder}\n")
        status, said = world.clones[0].run(world.now, "state", "init")
        assert status == 0, said
        while year.days < days and not year.faults:
            happened = _day(world, year)
            year.days += 1
            say(f"{world.day}  {'; '.join(happened)}\n")
            world.next_day()
    finally:
        controller.stop()
        receiver.keep(folder / "mails.jsonl")
    year.counts["posts"] = len(world.rows(world.clones[0], "journal.csv"))
    year.counts["mails"] = sum(receiver.arrived.values())
    if year.faults:
        year.world = folder
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return year


def _day(world: World, year: Year) -> list[str]:
    happened = [event(world) for event, rate in EVENTS.items() if world.chance.random() < rate]
    year.counts["events"] += len(happened)
    how = world.chance.choices([_calm, _killed, _together], [6, 3, 2])[0]
    happened.append(how.__name__.strip("_"))
    world.receiver.day = f"{world.day} {how.__name__.strip('_')}"
    year.counts[how.__name__.strip("_")] += 1
    found = how(world)
    found += _decide(world, year)
    world.receiver.mode = TAKES
    found += judge.faults(world, world.now)
    year.faults += [f"{world.day} ({'; '.join(happened)}): {fault}" for fault in found]
    return happened


def _calm(world: World) -> list[str]:
    """One clone after the other; the quote of each is its bill."""
    found = []
    for clone in world.chance.sample(world.clones, 2):
        status, said = clone.run(world.now, "state", "hydrate")
        if status:
            found.append(f"{clone.root.name}: state hydrate ends with {status}: {said}")
        quoted, before = judge.quoted(clone, world.now), judge.spent(world, clone)
        found += _ran(clone, *clone.run(world.now, "doit", "run", *world.chance.choice([(), ("-n", "3")])))
        bill = judge.spent(world, clone) - before
        if bill != quoted:
            found.append(f"{clone.root.name}: the quote said {quoted} credits, the run charged {bill}")
    return found


def _killed(world: World) -> list[str]:
    """A run is killed, once or twice, and begun again."""
    clone = world.chance.choice(world.clones)
    with world.receiver.killing_senders():
        for _ in range(world.chance.randint(1, 2)):
            clone.killed(world.now, world.chance, "doit", "run", "-n", "2")
    return _ran(clone, *clone.run(world.now, "doit", "run"))


def _together(world: World) -> list[str]:
    """Both clones at the same time, and each once more."""
    started = [(clone, clone.start(world.now, "doit", "run")) for clone in world.clones]
    found = []
    for clone, command in started:
        found += _ran(clone, *command.ended())
    for clone in world.clones:
        found += _ran(clone, *clone.run(world.now, "doit", "run"))
    return found


def _ran(clone: Clone, status: int, said: str) -> list[str]:
    if status in _EXITS and "Traceback" not in said:
        return []
    return [f"{clone.root.name}: doit run ends with {status}: {said[-2500:]}"]


def _decide(world: World, year: Year) -> list[str]:
    """A person settles some of the deliveries that wait, truthfully or not."""
    clone = world.clones[0]
    clone.run(world.now, "state", "hydrate")
    found = []
    for order in clone.asked(world.now, "status")["orders"]:
        for step in order["steps"]:
            waits = step["state"] == "NEEDS_DECISION" and step["kind"] == "delivery" and step["reason"] != REFUND_REASON
            if not waits or world.chance.random() < 0.4:  # what a person had refunded is decided
                continue
            what = world.chance.choice(["arrived", "resend", "refund"])
            task = f"{order['tenant_id']}/{order['work_order_id']}/{step['step_id']}"
            status, said = clone.run(world.now, "delivery", "settle", task, f"--{what}", "--note", "by the year")
            world.resends += what == "resend"
            year.counts[f"settled: {what}"] += 1
            if status:
                found.append(f"delivery settle {task} --{what} ends with {status}: {said}")
    return found


def told(year: Year) -> str:
    """The year in lines."""
    counts = ", ".join(f"{count} {name}" for name, count in sorted(year.counts.items()))
    kept = [f"the world of that day is kept in {year.world}"] if year.world else []
    return "\n".join([f"{year.days} days, {len(year.faults)} faults: {counts}", *year.faults, *kept])
