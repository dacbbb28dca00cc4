"""Directories of the platform's own that a module exchanges for links: what is written, renamed or removed afterwards.

Each probe has a tenant of its own, so that no refusal hides another. The victim's results are there before the attack,
and a probe that leaves them other than they were has got through.
"""
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tests.attack.arena import PRICE, VICTIM, Arena
from tests.attack.module_code import raw
from tests.attack.probe import Probe, Verdict, Way

_BOXED = "^COMPLETED"  # in the box only names are exchanged that nobody else has
_ORDER, _STEP = "own", "say"  # as the victim's are called: through a link they are the victim's


@dataclass(frozen=True, slots=True)
class LinkProbe:
    """`place` is what becomes a link to `target`, both below runtime/ with {tenant} for the attacker. `brings`: what
    runs is moved to where the link leads, so that it is found there. `plain`: what is seen without bubblewrap."""

    name: str
    what: str
    place: str
    target: str
    plain: str = "^FAILED output_write_failed"
    brings: bool = True
    alone: bool = False  # the place is everybody's: a repository of its own
    other: str = ""  # another directory instead of a link

    @property
    def tenant(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:6]

    @property
    def module_id(self) -> str:
        return f"atk_{self.name.replace('-', '_')}"

    @property
    def probe(self) -> Probe:
        return Probe("link", self.name, self.what, _BOXED, self.plain)

    @property
    def code(self) -> str:
        return raw(_EXCHANGE.format(
            place=self.place.format(tenant=self.tenant), target=self.target.format(tenant=self.tenant),
            brings=self.brings, tenant=self.tenant, other=self.other))


_EXCHANGE = '''
runtime = Path(bait["root"]) / "runtime"
place, target = runtime / "{place}", runtime / "{target}"
(out / "seen.txt").write_text("reached")
try:
    new = runtime / "{tenant}" / "own" / ".say.new"
    if {brings}:
        os.rename(new, runtime / "victim" / "own" / ".say.new")
    if os.path.lexists(place):
        os.rename(place, runtime.parent / ("moved." + "{tenant}"))
    if "{other}":
        os.rename(runtime / "{other}", place)
    else:
        os.symlink(target, place)
except OSError as error:
    (out / "seen.txt").write_text(f"refused: {{error}}")'''
_VICTIMS = f"{VICTIM}/{_ORDER}"
PROBES = (
    LinkProbe("tenant-directory", "makes its tenant's results a link to another tenant's", "{tenant}", VICTIM),
    LinkProbe("order-directory", "makes its order's results a link to another order's", "{tenant}/own", _VICTIMS,
              alone=True),
    LinkProbe("order-directory-moved", "moves its order's results away and leaves a link to them", "{tenant}/own",
              "../moved.{tenant}", brings=False),
    LinkProbe("tasks-directory", "makes the directory of what was ordered a link", "{tenant}/own/.tasks", _VICTIMS,
              "^COMPLETED", brings=False),
    LinkProbe("step-directory", "makes the place of its step's result a link", "{tenant}/own/say", f"{_VICTIMS}/say",
              "^COMPLETED", brings=False),
    LinkProbe("running-directory", "makes the directory that it runs in a link", "{tenant}/own/.say.new",
              f"{_VICTIMS}/say", "^FAILED output_write_failed", brings=False),
    LinkProbe("old-directory", "makes the name that an old result gets a link", "{tenant}/own/.say.old",
              f"{_VICTIMS}/say", "^COMPLETED", brings=False),
    LinkProbe("log-file", "makes its log a link", "{tenant}/own/.say.new/log.txt", f"{_VICTIMS}/say/log.txt",
              "^COMPLETED", brings=False),
    LinkProbe("record-file", "makes its record a link", "{tenant}/own/.say.new/run.json", f"{_VICTIMS}/say/run.json",
              "^COMPLETED", brings=False),
    LinkProbe("order-record", "makes its order's record a link", "{tenant}/own/order.json", f"{_VICTIMS}/order.json",
              "^COMPLETED", brings=False),
    LinkProbe("tenants-cache", "makes its tenant's cache a link", "cache/{tenant}", f"cache/{VICTIM}",
              "^FAILED output_write_failed", brings=False),
    LinkProbe("whole-cache", "makes the cache a link", "cache", _VICTIMS, "^FAILED output_write_failed", brings=False,
              alone=True),
    LinkProbe("runtime-directory", "makes the directory of all results a link", "", "../moved.{tenant}",
              "^FAILED output_write_failed", brings=False, alone=True),
    LinkProbe("lock-file", "makes the lock of all runs a link", ".lock", f"{_VICTIMS}/say/run.json", "^COMPLETED",
              brings=False, alone=True),
)


def attack(folder: Path, way: Way, probes: tuple[LinkProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what was seen of each."""
    together = tuple(probe for probe in probes if not probe.alone)
    found = _attack(folder, way, together) if together else []
    for probe in probes:
        if probe.alone:
            found += _attack(folder.with_name(probe.name), way, (probe,))
    return found


def _attack(folder: Path, way: Way, probes: tuple[LinkProbe, ...]) -> list[Verdict]:
    arena = Arena.made(folder, way)
    for probe in probes:
        arena.tenant(probe.tenant)
        arena.module(probe.module_id, probe.code)
        arena.order(probe.tenant, _ORDER, [{"step_id": _STEP, "module_id": probe.module_id, "kind": "transform",
                                            "inputs": {"bait": {"root": str(arena.root)}}}])
    arena.run("run", f"workorder:{VICTIM}/{_ORDER}")
    before = _victims(arena)
    arena.run("run", "-n", "2")
    first = arena.said
    arena.run("run", "-n", "2")  # what lies there now is met by a whole run
    after = _victims(arena)
    changed = "" if before and before == after else f"THE VICTIM'S FILES WERE CHANGED: {set(before) ^ set(after)}; "
    trace = "TRACEBACK ON THE TERMINAL; " if "Traceback" in first + arena.said else ""
    return [probe.probe.verdict(way, changed + trace + _seen(arena, probe, first)) for probe in probes]


def _seen(arena: Arena, probe: LinkProbe, said: str) -> str:
    """What the first run said of the probe's step, and what breaks a promise."""
    lines = [line for line in said.splitlines() if f"{probe.tenant}/{_ORDER}/{_STEP}" in line]
    status = "COMPLETED" if any(line.startswith("completed") for line in lines) else (
        "FAILED" if any(line.startswith("failed") for line in lines) else "NOT RUN")
    reason = next((line for line in lines if "output_write_failed" in line), "")
    words = arena.text_of(probe.tenant, _ORDER, _STEP) if status == "COMPLETED" else (
        f"output_write_failed: {reason}" if reason else "; ".join(lines))
    found = [f"{status} {words}"]
    paid = arena.spent(probe.tenant, _ORDER)
    if paid not in ((PRICE,) if status == "COMPLETED" else (0, PRICE)):
        found.insert(0, f"PAID {paid}")
    if arena.way.sandbox == "process" and status == "FAILED" and "a symbolic link" not in said:
        found.append("NO LINK IS NAMED")
    return "; ".join(found)


def _victims(arena: Arena) -> list[tuple[str, str]]:
    """Name and digest of every file of the victim's results, wherever a module moved them."""
    found = []
    for top in (arena.root / "runtime", *arena.root.glob("moved.*")):
        for folder, _, names in os.walk(top):
            own = Path(folder).relative_to(arena.root)
            if VICTIM in own.parts and ".say.new" not in own.parts:
                found += [(name, _digest(Path(folder, name))) for name in names]
    return sorted(found)


def _digest(file: Path) -> str:
    return "a link" if file.is_symlink() else hashlib.sha256(file.read_bytes()).hexdigest()
