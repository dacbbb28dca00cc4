"""A secret in every form, said by a module in every way it can, is in none of the places where its words end up."""
import base64
import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import command, repository

KEY = "p@ss/w+rd=hunter2\u00e9\""
FORMS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 in a longer one": lambda key: base64.urlsafe_b64encode(b"user:" + key.encode()).decode(),
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex(":").upper(),
    "percent": lambda key: quote(key, ""),
    "percent, lower": lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
    "JSON": lambda key: json.dumps(key),
    "JSON, all": lambda key: "".join(f"\\u{ord(mark):04x}" for mark in key),
    "HTML": lambda key: "".join(f"&#{ord(mark)};" for mark in key),
    "HTML, named": lambda key: html.escape(key),
    "latin-1": lambda key: key.encode("latin-1").decode("latin-1").encode("ascii", "backslashreplace").decode(),
    "repr": repr,
    "repr of bytes": lambda key: repr(key.encode()),
}
MODULE = """import json, os
from pathlib import Path

def run(params, outputs_dir):
    told = json.loads((Path(__file__).parent / "told.json").read_text())[params["form"]]
    key = os.environ["TEA_KEY"]
    print("printed", told, key)
    if params["how"] == "receipt":
        receipt = {"provider": "tea", "delivered_at": "2026-01-01T00:00:00Z", "remote_path": told, "bytes": 1,
                   "sha256": "0" * 64, "verification_status": "verified", "note": key}
        (Path(outputs_dir) / "receipt.json").write_text(json.dumps(receipt))
        return {"status": "COMPLETED", "message": told}
    if params["how"] == "raises":
        raise ValueError("." * 1990 + told)
    if params["how"] == "reason":
        return {"status": "FAILED", "reason_slug": told, "message": "it said " + told}
    (Path(outputs_dir) / "kept.txt").write_text(told)
    return {"status": "COMPLETED", "reason_slug": "fine", "message": told}
"""
CONTRACT = """module_id: teller
name: Teller
version: "1"
kind: delivery
description: Says its secret.
ports:
  inputs:
    port:
      - {id: how, type: string, required: true, description: How.}
      - {id: form, type: integer, required: true, description: Which.}
  outputs:
    port:
      - {id: delivery_receipt_json, type: file, path: receipt.json, may_contain_secrets: true}
      - {id: kept, type: file, path: kept.txt}
deliverables: {port: [{deliverable_id: receipt, description: It., outputs: [delivery_receipt_json]}]}
requirements: {secrets: [{name: TEA_KEY, required: true, note: its key}]}
testing: {self_test: {params: {how: reason, form: 0}, expect: {status: FAILED}}}
"""
WAYS = ("receipt", "raises", "reason", "kept")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    (made / "modules" / "teller" / "src").mkdir(parents=True)
    (made / "modules" / "teller" / "src" / "run.py").write_text(MODULE)
    (made / "modules" / "teller" / "module.yml").write_text(CONTRACT)
    with (made / "config" / "module_prices.csv").open("a") as prices:
        prices.write("teller,__run__,1,2026-01-01,,true,\nteller,receipt,0,2026-01-01,,true,\n")
    profile = made / "config" / "runtime_profile.yml"
    profile.write_text(profile.read_text().replace("module_secrets:", "module_secrets:\n  teller: [TEA_KEY]", 1))
    (made / "tenants" / "tenant" / "workorders").mkdir()
    return made


@pytest.mark.slow
def test_no_form_of_a_secret_is_in_any_place(repo: Path, tmp_path: Path) -> None:
    told = [form(KEY) for form in FORMS.values()]
    (repo / "modules" / "teller" / "src" / "told.json").write_text(json.dumps(told))
    steps = "".join(f"  - {{step_id: {way}{form}, module_id: teller, kind: delivery, inputs: {{how: {way}, form: "
                    f"{form}}}}}\n" for way in WAYS for form in range(len(FORMS)))
    (repo / "tenants" / "tenant" / "workorders" / "tea.yml").write_text(f"work_order_id: tea\nsteps:\n{steps}")
    summary = tmp_path / "summary.md"
    run = command(repo, "doit run", TEA_KEY=KEY, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout.count("completed    ") == len(FORMS) and run.stdout.count("secret_in_output") >= len(FORMS)
    said = {"run": run.stdout + run.stderr, "summary": summary.read_text()}
    for line in ("status", "status --json", "statement --tenant-id tenant", "statement --tenant-id tenant --json",
                 "why workorder:tenant/tea", "ledger export", "ledger export --format jsonl", "graph",
                 *(f"log step:tenant/tea/{way}0" for way in WAYS)):
        done = command(repo, f"python -m platform.cli {line}")
        said[line] = done.stdout + done.stderr
    assert all(said.values()) and "[secret]" in said["log step:tenant/tea/receipt0"]
    for path in (path for folder in ("runtime", ".billing-state") for path in (repo / folder).rglob("*")):
        if path.is_file() and path.name != "receipt.json":  # its contract lets it hold secrets
            said[str(path)] = path.read_bytes().decode(errors="replace")
    assert any(name.endswith("doit.db") for name in said) and any(name.endswith("journal.csv") for name in said)
    leaking = {(name, form) for name, text in said.items() for form, each in zip(FORMS, told, strict=True)
               for needle in needles(each) if needle in text}
    assert not leaking, leaking


def needles(told: str) -> Iterator[str]:
    """What may stand in no place: the key or the form, whole or a telling part of it, as it is or as JSON writes it."""
    for text in (KEY, told):
        for part in (text[:12], text[-12:], text[len(text) // 2 - 6:len(text) // 2 + 6]):
            yield part
            yield json.dumps(part)[1:-1]
