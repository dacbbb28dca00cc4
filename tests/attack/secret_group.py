"""A module's attacks on its own secrets: each form in which it can show one, at each place that somebody reads."""
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.attack import forms
from tests.attack.arena import PRICE, VICTIM, Arena
from tests.attack.forms import FORMS
from tests.attack.module_code import raw
from tests.attack.probe import Probe, Verdict, Way

_TENANT = "attack"
NAME = "ATTACK_SECRET"
_FORMS_SOURCE = Path(forms.__file__).read_text(encoding="utf-8")  # a module shows a form by the code that we look for


PLACES: Mapping[str, str] = {
    "message": 'return {"status": "FAILED", "message": "it is " + shown}',
    "cut-message": 'return {"status": "FAILED", "message": "x" * (2000 - len(shown) // 2) + shown}',
    "reason": 'return {"status": "FAILED", "reason_slug": shown, "message": "see the reason"}',
    "exception": "raise ValueError(shown)",
    "log": 'print(shown)\nreturn {"status": "FAILED", "message": "printed"}',
    "log-in-parts": '''
for part in (shown[:5], shown[5:]):
    sys.stdout.write(part)
    sys.stdout.flush()
    time.sleep(0.05)
return {"status": "FAILED", "message": "printed"}''',
    "output": '(out / "seen.txt").write_text("it is " + shown)',
}


class SecretProbe:
    """One form at one place. A secret in an output fails its step; elsewhere the step fails by itself."""

    def __init__(self, form: str, place: str) -> None:
        self.form, self.place = form, place
        self.name = f"{place}-{form}"
        held = "^FAILED secret_in_output, shown nowhere$" if place == "output" else r"^FAILED \w+, shown nowhere$"
        self.probe = Probe("secret", self.name, f"shows its secret as {form} in its {place}", held)


PROBES = tuple(SecretProbe(form, place) for place in PLACES for form in FORMS)
FEW = tuple(probe for number, probe in enumerate(PROBES) if number % 3 == 0)


def attack(folder: Path, way: Way, probes: tuple[SecretProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what was seen of each. Each has a secret of its own, so none hides another."""
    arena = Arena.made(folder, way)
    arena.tenant(_TENANT)
    shown = {}
    arena.profile(module_secrets={f"atk_{number}": [f"{NAME}_{number}"] for number in range(len(probes))})
    for number, probe in enumerate(probes):
        name = f"{NAME}_{number}"
        secret = f'p&ss "w\u00f6rd\'/<{secrets.token_hex(6)}>+%'
        arena.env[name] = secret
        whole = FORMS[probe.form](secret)
        shown[probe.name] = whole[8:-8] if "inside" in probe.form else whole  # what the secret alone makes of it
        module_id = f"atk_{number}"
        body = f"shown = FORMS[{probe.form!r}](os.environ[{name!r}])\n{PLACES[probe.place].strip()}"
        arena.module(module_id, f"{_FORMS_SOURCE}\n\n{raw(body)}",
                     requirements={"secrets": [{"name": name, "required": True}]})
        arena.order(_TENANT, f"o-{number}", [{"step_id": "step", "module_id": module_id, "kind": "transform",
                                             "inputs": {"bait": {}}}])
    summary = arena.write("runtime/summary.md", "")
    arena.env |= {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    arena.run("run", "-n", "2")
    pages = _pages(arena)
    del arena.env["GITHUB_ACTIONS"]
    whole = "" if arena.outcome(VICTIM, "own").get("status") == "COMPLETED" else "; THE VICTIM'S ORDER DID NOT COMPLETE"
    return [probe.probe.verdict(way, _seen(arena, f"o-{number}", shown[probe.name], pages) + whole)
            for number, probe in enumerate(probes)]


def _pages(arena: Arena) -> dict[str, bytes]:
    """Everything that a person or a program can read afterwards."""
    pages = {"the terminal": arena.said.encode()}
    for words in (["status"], ["status", "--json"], ["statement", "--tenant-id", _TENANT],
                  ["statement", "--tenant-id", _TENANT, "--json"]):
        done = arena.cli(*words)
        pages[" ".join(words)] = (done.stdout + done.stderr).encode()
    for folder in ("runtime", ".billing-state", "deliveries", "outbox"):
        for file in sorted((arena.root / folder).rglob("*")):
            if file.is_file() and not file.is_symlink():
                pages[str(file.relative_to(arena.root))] = file.read_bytes()
    return pages


def _seen(arena: Arena, order_id: str, shown: str, pages: Mapping[str, bytes]) -> str:
    record: dict[str, Any] = arena.record(_TENANT, order_id, "step")
    found = [name for name, page in pages.items() if shown.encode() in page or _once_more(shown) in page]
    where = f"shown in {', '.join(found[:4])}" if found else "shown nowhere"
    status = str(record.get("status", "NOT RUN"))
    paid = arena.spent(_TENANT, order_id)
    wrong = f"PAID {paid}; " if paid != (PRICE if status == "COMPLETED" else 0) else ""
    return f"{wrong}{status} {record.get('reason', '')}, {where}"


def _once_more(shown: str) -> bytes:
    """The same text inside JSON, where most files keep it."""
    return json.dumps(shown)[1:-1].encode()
