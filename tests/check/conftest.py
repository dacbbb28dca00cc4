"""A small repository that is right in everything, so that a story says only what is wrong."""
from datetime import date
from pathlib import Path

import pytest

from platform.check import check
from platform.config.load import load_profile, load_repo
from platform.files import Digests
from platform.model.reasons import PLATFORM_REASONS

TODAY = date(2026, 11, 24)
ORDER = "tenants/nxlkGI/workorders/UbjkpxZO.yml"

FILES = {
    "pyproject.toml": '[project]\nname = "platform-runner"\n',  # a checkout: its modules are all there are
    "config/runtime_profile.yml": "profile_id: local\n",
    "config/reasons.yml": "reasons:\n" + "".join(
        f"  - {{slug: {slug}, scope: global, category: run, refundable: true, description: It happened.}}\n"
        for slug in PLATFORM_REASONS),
    "config/module_prices.csv": """\
module_id,deliverable_id,price_credits,effective_from,effective_to,active,notes
make,__run__,5,2026-01-01,,true,
make,all,2,2026-01-01,,true,
make,extra,2,2026-01-01,,true,
pack,__run__,1,2026-01-01,,true,
send,__run__,1,2026-01-01,,true,
send,receipt,0,2026-01-01,,true,
""",
    "config/promotions.csv": """\
promo_code,credits,max_uses_per_tenant,effective_from,effective_to,active,notes
WELCOME,50,1,2026-01-01,,true,
SUMMER,50,1,2026-06-01,2026-08-31,true,
""",
    "config/tenants.csv": "tenant_id,status,max_credits_per_order,note\n",
    "config/topup_methods.csv": "topup_method_id,name,enabled,instructions\nbank-wire,Bank wire,true,\n",
    "config/payments.csv": """\
payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note
pay-1,nxlkGI,bank-wire,1000,wire-1,CONFIRMED,2026-01-15,
""",
    "tenants/nxlkGI/tenant.yml": "tenant_id: nxlkGI\ntenant_name: Northern Lights\n",
    "tenants/nxlkGI/assets/table.csv": "a,b\n1,2\n",
    "tenants/Zz9999/tenant.yml": "tenant_id: Zz9999\ntenant_name: The others\n",
    "tenants/Zz9999/assets/theirs.csv": "a,b\n1,2\n",
    ORDER: """\
work_order_id: UbjkpxZO
steps:
  - {step_id: a, module_id: make, kind: transform, inputs: {topic: sails}}
""",
    "modules/make/module.yml": """\
module_id: make
name: Make
version: "1.0"
kind: transform
description: Makes things.
ports:
  inputs:
    port:
      - {id: topic, type: string, required: true}
      - {id: count, type: integer, default: 5, schema: {minimum: 1, maximum: 10}}
      - {id: ratio, type: number}
      - {id: tags, type: array, schema: {items: {type: string, minLength: 1}, maxItems: 3}}
      - {id: safe, type: string, schema: {enum: [active, "off"]}}
      - {id: flag, type: boolean}
      - {id: options, type: object}
      - {id: table, type: file}
      - {id: folder, type: dir}
    limited_port:
      - {id: with_extra, type: boolean, default: false}
  outputs:
    port:
      - {id: text, type: file, path: text.txt}
      - {id: report, type: file, path: report.json}
      - {id: pictures, type: dir, path: pictures}
      - {id: bonus, type: file, path: bonus.txt}
    limited_port:
      - {id: trace, type: file, path: trace.txt}
deliverables:
  port:
    - {deliverable_id: all, outputs: [text, report]}
    - {deliverable_id: extra, outputs: [bonus], limited_inputs: {with_extra: true}}
testing:
  self_test: {params: {topic: x}}
""",
    "modules/pack/module.yml": """\
module_id: pack
name: Pack
version: "1.0"
kind: packaging
description: Packs things.
ports:
  inputs: {port: [{id: files, type: array, required: true, schema: {items: {type: object}, minItems: 1}}]}
  outputs: {port: [{id: package_zip, type: file, path: package.zip}]}
testing:
  self_test: {params: {files: [{fixture: a.txt, as_path: a.txt}]}}
""",
    "modules/send/module.yml": """\
module_id: send
name: Send
version: "1.0"
kind: delivery
description: Sends things.
ports:
  inputs:
    port:
      - {id: package_zip, type: file, required: true}
      - {id: recipient, type: string, format: email}
      - {id: subject, type: string, format: line}
  outputs: {port: [{id: receipt_json, type: file, path: receipt.json}]}
deliverables: {port: [{deliverable_id: receipt, outputs: [receipt_json]}]}
testing:
  self_test: {params: {package_zip: {fixture: a.zip}}}
""",
    "modules/make/src/run.py": "",
    "modules/pack/src/run.py": "",
    "modules/send/src/run.py": "",
}


class Small:
    """The repository on disk: `put` changes a file, `problems` reads and checks everything."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for file, text in FILES.items():
            self.put(file, text)

    def put(self, file: str, content: str | bytes) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def load(self, only=None):
        profile, _ = load_profile(self.root, self.root / "config/runtime_profile.yml")
        return load_repo(self.root, profile, Digests(), only=only)

    def problems(self):
        _, found = load_profile(self.root, self.root / "config/runtime_profile.yml")
        return tuple(sorted((*found, *check(self.load(), TODAY))))

    def lines(self) -> list[str]:
        return [str(problem) for problem in self.problems()]


@pytest.fixture
def small(tmp_path) -> Small:
    return Small(tmp_path)
