"""A repository with one module that does what it likes, and real `doit run`s over it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.run.conftest import needs_bwrap
from tests.support import command, repository, rows

_MODULE = """module_id: evil
name: Evil
version: 1.0.0
kind: {kind}
description: Does what a test wants.
ports:
  inputs:
    port:
      - {{id: value, type: {takes}, description: A value.}}
  outputs:
    port:
      - {{id: tree, type: dir, path: tree, description: A directory.}}
      - {{id: text, type: file, path: text.json, description: A file.}}
{more}deliverables:
  port:
    - {{deliverable_id: all, outputs: [text], description: The file.}}
testing:
  self_test: {{params: {{}}, expect: {{status: COMPLETED, files: []}}}}
"""
_RECEIPT = (
    "      - {id: delivery_receipt_json, type: file, path: delivery_receipt.json, format: json, "
    "description: The receipt.}\n"
)
ORDER = """work_order_id: order
steps:
"""
DROPPED = (
    "setpriv",
    "--bounding-set=-all",
    "--inh-caps=-all",
)  # an owner whom modes bind, without root's privileges


@dataclass
class Bench:
    """A repository in `root`. `prefix` goes before each command, `sandbox` is the profile's."""

    root: Path
    sandbox: str = "process"
    prefix: Sequence[str] = ()

    def module(
        self, body: str, *, kind: str = "transform", takes: str = "string", module_id: str = "evil"
    ) -> None:
        """A module with the outputs `tree` (a directory) and `text`, and the price 5. `out` is its outputs folder."""
        folder = self.root / "modules" / module_id
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "src").mkdir(parents=True)
        more = _RECEIPT if kind == "delivery" else ""
        contract = _MODULE.format(kind=kind, takes=takes, more=more).replace(
            "module_id: evil", f"module_id: {module_id}"
        )
        (folder / "module.yml").write_text(contract)
        (folder / "src" / "run.py").write_text(
            "import os, subprocess, sys, time\nfrom pathlib import Path\n\n\ndef run(params, outputs_dir):\n"
            f"    out = Path(outputs_dir)\n{indent(dedent(body).strip(), '    ')}\n"
            "    return {'status': 'COMPLETED'}\n"
        )
        prices = self.root / "config" / "module_prices.csv"
        if f"\n{module_id}," not in prices.read_text():
            with prices.open("a") as table:
                table.write(
                    f"{module_id},__run__,5,2026-01-01,,true,\n{module_id},all,0,2026-01-01,,true,\n"
                )

    def order(self, *steps: str, name: str = "order") -> None:
        """An order of the tenant's, made of YAML flow maps."""
        file = self.root / "tenants" / "tenant" / "workorders" / f"{name}.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            ORDER.replace("order\n", f"{name}\n", 1) + "".join(f"  - {step}\n" for step in steps)
        )

    def run(
        self, line: str = "doit run workorder", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        profile = self.root / "config" / "runtime_profile.yml"
        profile.write_text(profile.read_text().replace("sandbox: auto", f"sandbox: {self.sandbox}"))
        if not self.prefix:
            done = command(self.root, line, **environment)
        else:
            scripts = Path(sys.executable).parent
            done = subprocess.run(
                [*self.prefix, str(scripts / "doit"), *line.split()[1:]],
                cwd=self.root,
                check=False,
                capture_output=True,
                text=True,
                env={**os.environ, **environment},
            )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done

    def record(self, step: str, order: str = "order") -> Mapping[str, object]:
        found = self.root / "runtime" / "tenant" / order / step / "run.json"
        value: Mapping[str, object] = json.loads(found.read_bytes())
        return value

    def ended(self, step: str, order: str = "order") -> str:
        record = self.record(step, order)
        return f"{record['status']} {record['reason']}".strip()

    def status(self, order: str = "order") -> str:
        return str(
            json.loads((self.root / "runtime" / "tenant" / order / "order.json").read_bytes())[
                "status"
            ]
        )

    @property
    def balance(self) -> int:
        return int(
            rows(self.root / ".billing-state" / "tenants_credits.csv")[0]["credits_available"]
        )

    def audited(self) -> None:
        """The ledger explains itself, and every post is in its place."""
        done = command(self.root, "python -m platform.cli ledger audit")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """As a plain process of this user."""
    return Bench(repository(tmp_path / "repo"))


@pytest.fixture(params=["process", "unprivileged", pytest.param("bubblewrap", marks=needs_bwrap)])
def everywhere(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The same with and without bubblewrap, and as a user whom modes bind."""
    if request.param == "unprivileged":
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("there is no setpriv, and root is bound by no modes")
            bench.prefix = DROPPED
    else:
        bench.sandbox = request.param
    return bench
