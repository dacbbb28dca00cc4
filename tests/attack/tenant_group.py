"""The tenants' attacks: one tenant a probe, all of them in one `doit run`, beside a victim."""
import os
import socket
from pathlib import Path
from typing import Any

import yaml

from tests.attack.arena import VICTIM, Arena
from tests.attack.probe import Verdict, Way
from tests.attack.tenants import PROBES, TenantProbe

_ORDER = "order"


def attack(folder: Path, way: Way, probes: tuple[TenantProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what was seen of each."""
    arena = Arena.made(folder, way)
    ids = {probe.name: f"t{number:05}" for number, probe in enumerate(probes)}
    for probe in probes:
        _plant(arena, probe, ids[probe.name])
    arena.run("run", "-n", "2")
    whole = "" if arena.outcome(VICTIM, "own").get("status") == "COMPLETED" else "; THE VICTIM'S ORDER DID NOT COMPLETE"
    whole += "; TRACEBACK ON THE TERMINAL" if "Traceback" in arena.said else ""
    return [probe.probe.verdict(way, _seen(arena, probe, ids[probe.name]) + whole) for probe in probes]


def _plant(arena: Arena, probe: TenantProbe, me: str) -> None:
    arena.tenant(me, probe.tenant)
    base = arena.root / "tenants" / me

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{root}", str(arena.root)).replace("{me}", me)
        if isinstance(value, dict):
            return {name: filled(item) for name, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value

    if probe.text:
        raw = probe.text
        text = raw if isinstance(raw, bytes) else raw.replace("{{", "{").replace("}}", "}").encode()
        arena.write(f"tenants/{me}/workorders/{_ORDER}.yml", text)
    elif probe.steps:
        value = {"work_order_id": _ORDER, **probe.order, "steps": filled(probe.steps)}
        arena.write(f"tenants/{me}/workorders/{_ORDER}.yml", yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    for path, text in probe.files.items():
        arena.write(f"tenants/{me}/{path}", text)
    for path, target in probe.links.items():
        if path == ".":
            (base / "tenant.yml").unlink()
            base.rmdir()
            base.symlink_to(target)
            continue
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).unlink(missing_ok=True)
        (base / path).symlink_to(filled(target))
    for path, target in probe.hard.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        os.link(filled(target), base / path)
    for path, size in probe.sparse.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        with (base / path).open("wb") as file:
            file.truncate(size)
    for path, kind in probe.special.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).unlink(missing_ok=True)
        if kind == "fifo":
            os.mkfifo(base / path)
        else:
            with socket.socket(socket.AF_UNIX) as link:
                link.bind(str(base / path))


def _seen(arena: Arena, probe: TenantProbe, me: str) -> str:
    """What became of a probe, in one line; whatever breaks a promise stands first."""
    record = arena.record(me, _ORDER, probe.step)
    status = str(record.get("status", "NOT RUN"))
    parts = [f"{status} {record.get('reason', '')}".strip(), f"paid {arena.spent(me)}"]
    if f"tenants/{me}" in arena.said:
        parts.append("named")
    found = [", ".join(parts)]
    if record and not arena.outcome(me, _ORDER):
        found.insert(0, "NOT SETTLED")
    shown = arena.shown_to(me)
    if arena.canary.encode() in shown or b"root:x:0" in shown:
        found.insert(0, "SHOWS ANOTHER'S SECRET")
    return "; ".join(found)
