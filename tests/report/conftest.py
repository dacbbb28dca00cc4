"""A tea shop that was run once: one order failed in the middle, one was too dear, one was delivered."""
from pathlib import Path

import pytest

from tests.support import TEA, command, repository

NOTE = "<script>alert(1)</script>"
NAME = "Tea & <b>Co</b>"
TITLE = '<img src=x onerror=alert(1)> & "tea" \\N'
FAILS = """work_order_id: fails
metadata: {title: TITLE}
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea, fail: external_api_error}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: x, after: {from_step: one, output_id: said}}}
  - {step_id: end, module_id: say, kind: transform, inputs: {text: beside}}
""".replace("TITLE", f"'{TITLE}'")
DEAR = "work_order_id: dear\nsteps:\n" + "".join(
    f"  - {{step_id: s{cup}, module_id: say, kind: transform, inputs: {{text: cup {cup}}}}}\n" for cup in range(30))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 credits paid in; `fails` 17 charged, 12 of them back; `dear` (150) refused; `pack` 14: 81 are left."""
    repo = repository(tmp_path_factory.mktemp("shop") / "repo")
    tenant = repo / "tenants" / "tenant"
    (tenant / "workorders").mkdir()
    (tenant / "tenant.yml").write_text(f'tenant_id: tenant\ntenant_name: "{NAME}"\n')
    payments = repo / "config" / "payments.csv"
    payments.write_text(payments.read_text().replace("T00:00:00Z,\n", f'T00:00:00Z,"{NOTE}"\n'))
    (tenant / "workorders" / "fails.yml").write_text(FAILS)
    (tenant / "workorders" / "dear.yml").write_text(DEAR)
    (tenant / "workorders" / "pack.yml").write_text(TEA.replace("work_order_id: tea", "work_order_id: pack"))
    done = command(repo, "doit run")
    assert (done.returncode, "Traceback" in done.stderr) == (12, False), done.stdout + done.stderr
    return repo
