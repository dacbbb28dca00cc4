"""The year's world: two clones over one shared ledger, their tenants, orders, prices and mail server."""
import csv
import random
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.support import repository
from tests.year.clone import Clone
from tests.year.receiver import Receiver

FIRST_DAY = date(2027, 1, 1)  # after the day on which this was written: a file is never newer than the clock
_PROFILE = """profile_id: year
billing_state: {{dir: .billing-state, release: required}}
release_store: {{type: folder, dir: {store}, tag_prefix: year-}}
delivery:
  email: {{transport: smtp, host: 127.0.0.1, port: {port}, security: none, from: us@platform.example}}
  folder: {{root_dir: deliveries}}
sandbox: process
"""


@dataclass
class Tenant:
    tenant_id: str
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id; what each clone's file holds
    suspended: bool = False


class World:
    """What an operator may change is changed in both clones, as one commit is; each has a ledger and a runtime
    directory of its own. `chance` is the only source of choice."""

    def __init__(self, folder: Path, seed: int, tenants: int, receiver: Receiver, port: int,
                 first_day: date = FIRST_DAY) -> None:
        self.chance = random.Random(seed)
        self.receiver = receiver
        self.day = first_day
        self.minutes = 0
        self.clones = [Clone(repository(folder / name), folder / f"{name}.home") for name in ("one", "two")]
        self.tenants = [Tenant(f"ten{number:03}") for number in range(tenants)]
        self.topups = 0
        self.resends = 0  # how often a person allowed one more attempt
        for clone in self.clones:
            clone.home.mkdir()
            shutil.rmtree(clone.root / "tenants")
            self._write(clone, "config/runtime_profile.yml", _PROFILE.format(store=folder / "store", port=port))
        self.everywhere("config/payments.csv", "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,"
                        "received_at,note\n" + "".join(
                            f"pay-{tenant.tenant_id},{tenant.tenant_id},bank-wire,120,w-{tenant.tenant_id},CONFIRMED,"
                            "2026-12-31T00:00:00Z,\n" for tenant in self.tenants))
        for tenant in self.tenants:
            self.everywhere(f"tenants/{tenant.tenant_id}/tenant.yml",
                            f"tenant_id: {tenant.tenant_id}\ntenant_name: Tenant {tenant.tenant_id}\n")
            for _ in range(self.chance.randint(1, 3)):
                self.new_order(tenant)
        self.write_tenants()

    # time

    @property
    def now(self) -> datetime:
        """A moment of the day, later at each look."""
        self.minutes += 7
        return datetime.combine(self.day, time(6), UTC) + timedelta(minutes=self.minutes)

    def next_day(self) -> None:
        self.day += timedelta(days=1)
        self.minutes = 0

    # files

    def everywhere(self, path: str, text: str) -> None:
        for clone in self.clones:
            self._write(clone, path, text)

    def _write(self, clone: Clone, path: str, text: str) -> None:
        file = clone.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def append(self, path: str, line: str) -> None:
        self.everywhere(path, (self.clones[0].root / path).read_text(encoding="utf-8") + line)

    def write_tenants(self) -> None:
        lines = [f"{tenant.tenant_id},{'suspended' if tenant.suspended else 'active'}\n" for tenant in self.tenants]
        self.everywhere("config/tenants.csv", "tenant_id,status\n" + "".join(lines))

    def write_order(self, tenant: Tenant, order_id: str) -> None:
        text = yaml.safe_dump({"work_order_id": order_id, **tenant.orders[order_id]}, sort_keys=False)
        self.everywhere(f"tenants/{tenant.tenant_id}/workorders/{order_id}.yml", text)

    def delete_order(self, tenant: Tenant, order_id: str) -> None:
        del tenant.orders[order_id]
        for clone in self.clones:
            (clone.root / "tenants" / tenant.tenant_id / "workorders" / f"{order_id}.yml").unlink()

    def new_order(self, tenant: Tenant) -> str:
        order_id = f"order-{self.chance.randrange(10**6):06}"
        mail = self.chance.random() < 0.6
        delivery: dict[str, Any] = {
            "step_id": "deliver", "kind": "delivery", "module_id": "deliver_email" if mail else "deliver_folder",
            "inputs": {"package_zip": {"from_step": "pack", "output_id": "package_zip"}}}
        if mail:
            delivery["inputs"] |= {"recipient_email": f"reader@{tenant.tenant_id}.example", "subject": order_id}
        schedule = self.chance.choice([None, None, "0 3 * * 1", "30 1 * * *", "0 0 1 * *"])
        tenant.orders[order_id] = {
            "enabled": True, "artifacts_requested": True, "mode": self.chance.choice(["STRICT", "PARTIAL_ALLOWED"]),
            **({"schedule_cron": schedule} if schedule else {}),
            "steps": [
                {"step_id": "say", "module_id": "say", "kind": "transform", "deliverables": ["said"],
                 "inputs": {"text": order_id}},
                {"step_id": "pack", "module_id": "package_std", "kind": "packaging",
                 "deliverables": ["package_artifacts"],
                 "inputs": {"bound_outputs": [{"from_step": "say", "output_id": "said", "as_path": "said.txt"}]}},
                delivery]}
        self.write_order(tenant, order_id)
        return order_id

    def any_order(self) -> tuple[Tenant, str] | None:
        """An order by chance; None when there is none."""
        found = [(tenant, order_id) for tenant in self.tenants for order_id in sorted(tenant.orders)]
        return self.chance.choice(found) if found else None

    # the ledger

    def rows(self, clone: Clone, name: str) -> list[dict[str, str]]:
        file = clone.root / ".billing-state" / name
        if not file.exists():
            return []
        with file.open(newline="", encoding="utf-8") as table:
            return list(csv.DictReader(table))
