"""The modules' attacks: one order a probe, all of them in one `doit run`."""
import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.attack.arena import PRICE, VICTIM, Arena
from tests.attack.leave import LEAVE
from tests.attack.module_probe import ModuleProbe
from tests.attack.probe import Verdict, Way
from tests.attack.reach import REACH

PROBES: tuple[ModuleProbe, ...] = (*REACH, *LEAVE)
_TENANT = "attack"
_LIMITS = {"timeout_s": 6, "memory_mb": 300, "processes": 200, "file_mb": 4096, "output_mb": 64}
_TREE = {"id": "tree", "type": "dir", "path": "tree", "description": "A directory."}
_SEEN = {"id": "seen", "type": "file", "path": "seen.txt", "description": "What it saw."}
_BAIT = {"id": "bait", "type": "object", "description": "Where to look."}


def attack(folder: Path, way: Way, probes: tuple[ModuleProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what was seen of each."""
    arena = Arena.made(folder, way)
    arena.profile(limits=_LIMITS)
    arena.tenant(_TENANT)
    mark = f"mark{secrets.token_hex(8)}"
    with _servers(folder.with_name(folder.name + ".sockets")) as bait:
        bait |= {"root": str(arena.root), "home": str(arena.home), "mark": mark, "boxed": way.sandbox == "bubblewrap"}
        for probe in probes:
            outputs = [_SEEN, _TREE] if probe.tree else [_SEEN]
            arena.module(probe.module_id, probe.code,
                         ports={"inputs": {"port": [_BAIT]}, "outputs": {"port": outputs}},
                         requirements={"secrets": [{"name": name, "required": False} for name in probe.secrets]})
            arena.order(_TENANT, probe.order_id, [
                {"step_id": "step", "module_id": probe.module_id, "kind": "transform",
                 "inputs": {"bait": {**bait, "order": probe.order_id}}}])
        arena.run("run", "-n", "2")
    whole = _whole(arena)
    return [probe.probe.verdict(way, _seen(arena, probe, mark) + whole) for probe in probes]


def _seen(arena: Arena, probe: ModuleProbe, mark: str) -> str:
    """What became of a probe, in one line: its status first, and whatever breaks a promise."""
    record = arena.record(_TENANT, probe.order_id, "step")
    status = str(record.get("status", "NOT RUN"))
    words = arena.text_of(_TENANT, probe.order_id, "step") if status == "COMPLETED" else (
        f"{record.get('reason')}: {record.get('message')}")
    found = [f"{status} {words}".replace("\n", " ")[:300]]
    if not arena.outcome(_TENANT, probe.order_id) and (record or arena.spent(_TENANT, probe.order_id)):
        found.insert(0, "NOT SETTLED")
    paid, due = arena.spent(_TENANT, probe.order_id), PRICE if status == "COMPLETED" else 0
    if paid != due:
        found.insert(0, f"PAID {paid} FOR {due}")
    if probe.survivor and (left := _alive(mark)):
        found.insert(0, f"LEFT ALIVE: {len(left)}")
    if arena.canary in words and arena.way.sandbox == "bubblewrap":
        found.insert(0, "SHOWS THE CANARY")
    if probe.needs and "for each process by itself" in str(record.get("isolation")):
        found.insert(0, f"NO {probe.needs.upper()}, and the record says so")
    return "; ".join(found)


def _whole(arena: Arena) -> str:
    """What is wrong with the run as a whole, which then counts against every probe."""
    found = []
    if arena.outcome(VICTIM, "own").get("status") != "COMPLETED":
        found.append("THE VICTIM'S ORDER DID NOT COMPLETE")
    if "Traceback" in arena.said:
        found.append("TRACEBACK ON THE TERMINAL")
    for words in (("ledger", "verify"), ("ledger", "audit")):
        done = arena.cli(*words)
        if done.returncode:
            found.append(f"{' '.join(words)} ENDS WITH {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return "".join(f"; {words}" for words in found)


def _alive(mark: str) -> list[str]:
    """The processes that have the mark on their command line, and are no attack any more: they are killed."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and f"time.sleep(77)\0{mark}".encode() in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[dict[str, object]]:
    """Servers of the operator's that a step must not reach: TCP, a UNIX socket, an abstract one."""
    folder.mkdir()
    folder.chmod(0o755)
    name = f"attack{secrets.token_hex(6)}"
    with contextlib.ExitStack() as stack:
        links = []
        for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, str(folder / "s")),
                                (socket.AF_UNIX, f"\0{name}")):
            link = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            link.bind(address)
            link.listen(64)
            links.append(link)
            threading.Thread(target=_answer, args=(link,), daemon=True).start()
        (folder / "s").chmod(0o777)
        yield {"port": links[0].getsockname()[1], "socket": str(folder / "s"), "abstract": name}


def _answer(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            link.accept()[0].close()
