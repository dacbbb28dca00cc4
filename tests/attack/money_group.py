"""What a tenant tries to get for nothing by editing only its own directory; one tenant a probe, all in shared runs.

A probe says what it must cost in the end, in credits that are written out here and were added up by hand from
config/module_prices.csv. Delivered is what stands in the tenant's part of the delivery directory.
"""
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.attack.arena import VICTIM, Arena
from tests.attack.probe import Probe, Verdict, Way

Steps = list[dict[str, Any]]
Edit = Callable[[Path], None]  # gets the tenant's directory
_ORDER = "order"


def transform(step_id: str, module_id: str, bought: list[str], **inputs: Any) -> dict[str, Any]:
    return {"step_id": step_id, "module_id": module_id, "kind": "transform", "deliverables": bought, "inputs": inputs}


def delivered(*bound: dict[str, Any], front: Steps, bought: tuple[str, ...] = ("package_artifacts",)) -> Steps:
    """Steps, a package of what is bound, and its delivery into a directory."""
    return [*front, {"step_id": "pack", "module_id": "package_std", "kind": "packaging", "deliverables": list(bought),
                     "inputs": {"bound_outputs": list(bound)}},
            {"step_id": "put", "module_id": "deliver_folder", "kind": "delivery",
             "inputs": {"package_zip": {"from_step": "pack", "output_id": "package_zip"}}}]


def said(step: str = "say", **more: Any) -> dict[str, Any]:
    return {"from_step": step, "output_id": "said", **more}


def say(*bought: str, step_id: str = "say", **inputs: Any) -> dict[str, Any]:
    return transform(step_id, "say", list(bought), **{"text": "goods", **inputs})


def images(*bought: str) -> dict[str, Any]:
    return transform("find", "search_images", list(bought), queries=["harbour"])


def mailed(**inputs: Any) -> Steps:
    """A package of what was bought, and a mail whose text is the attack."""
    return [*delivered(said(), front=[say("said"), say(step_id="other", text="free goods")])[:-1],
            {"step_id": "mail", "module_id": "deliver_email", "kind": "delivery",
             "inputs": {"package_zip": {"from_step": "pack", "output_id": "package_zip"},
                        "recipient_email": "a@b.example", **inputs}}]


def _order(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((folder / "workorders" / f"{_ORDER}.yml").read_text())
    return value


def change(**fields: Any) -> Edit:
    """Change fields of the order."""
    def edit(folder: Path) -> None:
        (folder / "workorders" / f"{_ORDER}.yml").write_text(
            yaml.safe_dump({**_order(folder), **fields}, sort_keys=False))
    return edit


def change_step(name: str, **fields: Any) -> Edit:
    """Change fields of one step of the order."""
    def edit(folder: Path) -> None:
        steps = [{**step, **fields} if step["step_id"] == name else step for step in _order(folder)["steps"]]
        change(steps=steps)(folder)
    return edit


def delete_order(folder: Path) -> None:
    (folder / "workorders" / f"{_ORDER}.yml").unlink()


def delete_tenant_file(folder: Path) -> None:
    (folder / "tenant.yml").unlink()


def second_order(folder: Path) -> None:
    """The same steps under another id."""
    text = yaml.safe_dump({**_order(folder), "work_order_id": "copy"}, sort_keys=False)
    (folder / "workorders" / "copy.yml").write_text(text)


@dataclass(frozen=True, slots=True)
class MoneyProbe:
    """An order, and edits of which each is followed by another run. `credits` is what the tenant has."""

    name: str
    what: str
    steps: Steps
    held: str
    edits: tuple[Edit, ...] = ()
    order: dict[str, Any] = field(default_factory=dict)
    tenant: dict[str, Any] = field(default_factory=dict)
    suspended: bool = False

    @property
    def probe(self) -> Probe:
        return Probe("money", self.name, self.what, self.held)


_NOTHING = "^paid 0, delivered nothing"
_GOODS = delivered(said(), front=[say("said")])  # 5 + 2 + 1 + 0 + 1
_ONCE = "^paid 9, delivered said.txt$"
PROBES = (
    MoneyProbe("honest", "pays for what it gets", _GOODS, _ONCE),
    MoneyProbe("unbought", "packs an output that it did not buy", delivered(said(), front=[say()]), _NOTHING),
    MoneyProbe("unbought-file", "packs a file that it did not buy",
               delivered({"from_step": "say", "from_file": "said.txt"}, front=[say()]), _NOTHING),
    MoneyProbe("unbought-beside-bought", "packs one that it bought and one that it did not",
               delivered(said(), said("other", as_path="o.txt"), front=[say("said"), say(step_id="other", text="b")]),
               _NOTHING),
    MoneyProbe("honest-mail", "pays for a mail", mailed(body="tea"), r"^paid 14, delivered mail \S+.eml$"),
    MoneyProbe("unbought-as-mail-text", "sends as a mail's text what it did not buy",
               mailed(body={"from_step": "other", "output_id": "said", "selector": "text"}), _NOTHING),
    MoneyProbe("unbought-as-subject", "sends as a mail's subject what it did not buy",
               mailed(subject={"from_step": "other", "output_id": "said", "selector": "text"}), _NOTHING),
    MoneyProbe("unbought-as-recipient", "sends as a mail's recipient what it did not buy",
               mailed(recipient_email={"from_step": "other", "output_id": "said", "selector": "text"}), _NOTHING),
    MoneyProbe("unbought-images", "packs images and buys metadata",
               delivered({"from_step": "find", "output_id": "images_dir"}, front=[images("metadata")]), _NOTHING),
    MoneyProbe("unbought-thumbnails", "packs thumbnails and buys images",
               delivered({"from_step": "find", "output_id": "thumbnails_dir"}, front=[images("images")]), _NOTHING),
    MoneyProbe("unbought-index", "packs an index and buys nothing",
               delivered({"from_step": "find", "output_id": "results"}, front=[images()]), _NOTHING),
    MoneyProbe("unbought-file-below", "packs one file of a directory that it did not buy",
               delivered({"from_step": "find", "from_file": "images/index.jsonl"}, front=[images("metadata")]),
               _NOTHING),
    MoneyProbe("bought-through-another", "packs results and buys images, which list them",
               delivered({"from_step": "find", "output_id": "results"}, front=[images("images")]),
               r"^paid 9, delivered results.jsonl$"),
    MoneyProbe("copied-by-a-transform", "lets a second step copy the goods, and buys the copy",
               delivered(said("two"), front=[say(), say("said", step_id="two", after=said())]),
               "^paid 14, delivered said.txt$"),
    MoneyProbe("kind-transform", "says that its package is a transform, so that nothing is checked",
               [{**step, "kind": "transform"} if step["step_id"] == "pack" else step
                for step in delivered(said(), front=[say()])], _NOTHING),
    MoneyProbe("kind-other", "says that its delivery is of another kind",
               [{**step, "kind": "other"} if step["step_id"] == "put" else step
                for step in delivered(said(), front=[say()])], _NOTHING),
    MoneyProbe("bought-twice", "buys the same deliverable twice", delivered(said(), front=[say("said", "said")]),
               "^(paid 0, delivered nothing|paid 9, delivered said.txt$)"),
    MoneyProbe("internal-deliverable", "buys an internal deliverable", delivered(said(), front=[say("__run__")]),
               _NOTHING),
    MoneyProbe("evidence-deliverable", "buys evidence", delivered(said(), front=[say("__delivery_evidence__")]),
               _NOTHING),
    MoneyProbe("unknown-deliverable", "buys what nobody sells", delivered(said(), front=[say("everything")]), _NOTHING),
    MoneyProbe("limited-input", "switches on what a deliverable switches on",
               [transform("find", "search_images", [], queries=["harbour"], download_images=True)], _NOTHING),
    MoneyProbe("own-price", "writes a price into its order",
               [{**say("said"), "price_credits": 0}], _NOTHING),
    MoneyProbe("own-promotion", "names a promotion that nobody gave out", _GOODS, _NOTHING,
               order={"promotions": ["FREE"]}),
    MoneyProbe("negative-take", "takes a negative number of lines",
               [*[say("said")], say(step_id="two", text={**said(), "selector": "lines", "take": -1})], _NOTHING),
    MoneyProbe("suspended-lifts-itself", "says that it is active while the operator says suspended", _GOODS, _NOTHING,
               tenant={"status": "active"}, suspended=True),
    MoneyProbe("suspended-forgets-itself", "removes tenant.yml while the operator says suspended", _GOODS, _NOTHING,
               edits=(delete_tenant_file,), suspended=True),
    MoneyProbe("delete-after", "deletes the order after its delivery", _GOODS, _ONCE, edits=(delete_order,)),
    MoneyProbe("draft-after", "makes the order a draft after its delivery",
               _GOODS, _ONCE, edits=(change(enabled=False),)),
    MoneyProbe("strict-after", "makes the order STRICT behind a failing step after its delivery",
               [*_GOODS, say(step_id="bad", fail="bad_input_format")], _ONCE, edits=(change(mode="STRICT"),)),
    MoneyProbe("title-after", "changes what no hash holds after its delivery", _GOODS, _ONCE,
               edits=(change(metadata={"title": "new"}),)),
    MoneyProbe("unbuy-after", "takes back what it bought after its delivery", _GOODS, _ONCE,
               edits=(change_step("say", deliverables=[]),)),
    MoneyProbe("disable-after", "disables the step after its delivery", _GOODS, _ONCE,
               edits=(change_step("say", enabled=False),)),
    MoneyProbe("break-after", "lets the delivery fail after it was delivered", _GOODS, _ONCE,
               edits=(change_step("say", inputs={"text": "goods", "fail": "bad_input_format"}),)),
    MoneyProbe("copy-after", "orders the same again under another id",
               _GOODS, "^paid 18, delivered said.txt,said.txt$",
               edits=(second_order,)),
    MoneyProbe("back-and-forth", "edits the order and takes the edit back", _GOODS, r"^paid 18, delivered said.txt",
               edits=(change_step("say", inputs={"text": "other"}), change_step("say", inputs={"text": "goods"}))),
)


def attack(folder: Path, way: Way, probes: tuple[MoneyProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what was seen of each when all edits are made."""
    arena = Arena.made(folder, way)
    ids = {probe.name: f"m{number:05}" for number, probe in enumerate(probes)}
    for probe in probes:
        arena.tenant(ids[probe.name], probe.tenant)
        arena.order(ids[probe.name], _ORDER, probe.steps, **probe.order)
    suspended = [f"{ids[probe.name]},suspended\n" for probe in probes if probe.suspended]
    arena.write("config/tenants.csv", "tenant_id,status\n" + "".join(suspended))
    arena.run("run", "-n", "2")
    for number in range(max(len(probe.edits) for probe in probes)):
        for probe in probes:
            if number < len(probe.edits):
                probe.edits[number](arena.root / "tenants" / ids[probe.name])
        arena.run("run", "-n", "2")
    whole = "" if arena.outcome(VICTIM, "own").get("status") == "COMPLETED" else "; THE VICTIM'S ORDER DID NOT COMPLETE"
    whole += "; TRACEBACK ON THE TERMINAL" if "Traceback" in arena.said else ""
    audit = arena.cli("ledger", "audit")
    whole += f"; AUDIT: {audit.stdout[-300:]}" if audit.returncode else ""
    return [probe.probe.verdict(way, _seen(arena, ids[probe.name]) + whole) for probe in probes]


def _seen(arena: Arena, me: str) -> str:
    """What the tenant paid in all, and the names of what was delivered to it, mails included."""
    names = []
    for package in sorted((arena.root / "deliveries" / me).rglob("package.zip")):
        with zipfile.ZipFile(package) as archive:
            names += [name.split("/")[-1] for name in archive.namelist() if not name.startswith("manifest.")]
    names += [f"mail {file.name}" for file in sorted((arena.root / "outbox" / me).rglob("*.eml"))]
    return f"paid {arena.spent(me)}, delivered {','.join(names) or 'nothing'}"
