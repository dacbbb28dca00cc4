"""Where attacks take place: a repository of its own with a victim in it, run whole by `doit run` as one user.

Everything that belongs to somebody else holds CANARY. An attack that shows it anywhere has got through.
"""
import csv
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.attack.probe import Way
from tests.attack.python import environment_for_others
from tests.support import BOOT, ROOT, repository

NOBODY = 65534
CREDITS = 1_000_000
VICTIM = "victim"
PRICE = 5


@dataclass
class Arena:
    """Build it with `Arena.made`, add modules, tenants and orders, then `run`."""

    root: Path
    way: Way
    canary: str
    env: dict[str, str] = field(default_factory=dict)
    said: str = ""
    exit_status: int = -1

    @classmethod
    def made(cls, folder: Path, way: Way) -> "Arena":
        """A repository with a victim: a tenant with an asset, an order and a delivery, all of which hold CANARY."""
        arena = cls(repository(folder), way, f"CANARY{secrets.token_hex(8)}")
        shutil.rmtree(arena.root / "tenants")
        (arena.root / "config" / "payments.csv").write_text(
            "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note\n")
        arena.profile(sandbox=way.sandbox)
        arena.env = {"OPERATORS_TOKEN": arena.canary, "PLATFORM_SIGNING_KEY": arena.canary}
        (arena.home / ".ssh").mkdir(parents=True)
        arena.home.chmod(0o777)
        (arena.home / ".ssh" / "id_ed25519").write_text(arena.canary)
        arena.tenant(VICTIM)
        arena.write(f"tenants/{VICTIM}/assets/secret.txt", f"{arena.canary}\n")
        arena.order(VICTIM, "own", [
            {"step_id": "say", "module_id": "say", "kind": "transform", "deliverables": ["said"],
             "inputs": {"text": arena.canary}}])
        return arena

    @property
    def home(self) -> Path:
        """The operator's home directory, with a key in it."""
        return self.root.with_name(f"{self.root.name}.home")

    @cached_property
    def programs(self) -> Path:
        """Where doit and Python are for the arena's user."""
        if self.way.user == "root":
            return Path(sys.executable).parent
        return environment_for_others(self.root.with_name(f"{self.root.name}.venv"))

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def profile(self, **changes: Any) -> None:
        """Change the runtime profile."""
        file = self.root / "config" / "runtime_profile.yml"
        value = yaml.safe_load(file.read_text())
        for name, change in changes.items():
            value[name] = {**value.get(name, {}), **change} if isinstance(change, dict) else change
        file.write_text(yaml.safe_dump(value))

    def module(self, module_id: str, code: str, *, price: int = PRICE, **contract: Any) -> None:
        """A module of kind transform with the output seen.txt, unless `contract` says otherwise."""
        whole = {"module_id": module_id, "name": module_id, "version": "1", "kind": "transform",
                 "description": "Attacks.",
                 "ports": {"inputs": {"port": [{"id": "bait", "type": "object", "description": "Where to look."}]},
                           "outputs": {"port": [{"id": "seen", "type": "file", "path": "seen.txt",
                                                 "description": "What it saw."}]}},
                 "deliverables": {"port": []}, **contract}
        self.write(f"modules/{module_id}/module.yml", yaml.safe_dump(whole, sort_keys=False))
        self.write(f"modules/{module_id}/src/run.py", code)
        with (self.root / "config" / "module_prices.csv").open("a") as prices:
            prices.write(f"{module_id},__run__,{price},2026-01-01,,true,\n")

    def tenant(self, tenant_id: str, more: Mapping[str, Any] | None = None) -> None:
        """A tenant with credits."""
        self.write(f"tenants/{tenant_id}/tenant.yml",
                   yaml.safe_dump({"tenant_id": tenant_id, "tenant_name": "A tenant", **(more or {})}))
        with (self.root / "config" / "payments.csv").open("a") as payments:
            payments.write(f"pay-{tenant_id},{tenant_id},bank-wire,{CREDITS},w-{tenant_id},CONFIRMED,"
                           "2026-01-02T00:00:00Z,\n")

    def order(self, tenant_id: str, order_id: str, steps: list[dict[str, Any]], **more: Any) -> None:
        self.write(f"tenants/{tenant_id}/workorders/{order_id}.yml",
                   yaml.safe_dump({"work_order_id": order_id, "steps": steps, **more}, sort_keys=False))

    def run(self, *words: str) -> None:
        """`doit run`, as the arena's user; what it said is in `said`."""
        done = self.command(str(self.programs / "doit"), *(words or ("run",)))
        self.said, self.exit_status = done.stdout + done.stderr, done.returncode

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python -m platform.cli`, as the arena's user."""
        return self.command(str(self.programs / "python"), "-c", BOOT, *words)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        front: list[str] = []
        if self.way.user != "root" and os.geteuid() == 0:
            subprocess.run(["chown", "-R", "-h", f"{NOBODY}:{NOBODY}", str(self.root), str(self.home)], check=True)
            front = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        env = {"PATH": f"{self.programs}:{os.environ['PATH']}", "HOME": str(self.home), "LANG": "C.UTF-8",
               "PYTHONDONTWRITEBYTECODE": "1", **self.env}
        return subprocess.run([*front, *words], cwd=self.root, env=env, capture_output=True, check=False,
                              text=True, errors="replace", timeout=300)

    # what became of it

    def record(self, tenant_id: str, order_id: str, step_id: str) -> dict[str, Any]:
        """A step's run record; empty when there is none."""
        file = self.root / "runtime" / tenant_id / order_id / step_id / "run.json"
        value: dict[str, Any] = json.loads(file.read_bytes()) if file.is_file() else {}
        return value

    def outcome(self, tenant_id: str, order_id: str) -> dict[str, Any]:
        """An order's record; empty when it was never settled."""
        file = self.root / "runtime" / tenant_id / order_id / "order.json"
        value: dict[str, Any] = json.loads(file.read_bytes()) if file.is_file() else {}
        return value

    def spent(self, tenant_id: str, order_id: str = "") -> int:
        """Credits that a tenant has paid in all, refunds taken off."""
        file = self.root / ".billing-state" / "transactions.csv"
        if not file.is_file():
            return 0
        with file.open(newline="", encoding="utf-8") as table:
            return -sum(int(row["amount_credits"]) for row in csv.DictReader(table)
                        if row["tenant_id"] == tenant_id and row["work_order_id"]
                        and row["work_order_id"] == (order_id or row["work_order_id"]))

    def text_of(self, tenant_id: str, order_id: str, step_id: str, name: str = "seen.txt") -> str:
        file = self.root / "runtime" / tenant_id / order_id / step_id / "outputs" / name
        return file.read_text(errors="replace") if file.is_file() and not file.is_symlink() else ""

    def shown_to(self, tenant_id: str) -> bytes:
        """Every byte that a tenant gets: its results, its deliveries and its mails."""
        folders = [self.root / name / tenant_id for name in ("runtime", "deliveries", "outbox")]
        return b"".join(file.read_bytes() for folder in folders for file in sorted(folder.rglob("*"))
                        if file.is_file() and not file.is_symlink())


def installed() -> Path:
    """The checkout that is attacked."""
    return ROOT
