"""What a tenant tried who may edit only its own directory, through `doit run` as an operator runs it: with links in its
directory it gets neither the operator's files nor the operator's environment, and nobody else is stopped."""
import re
from pathlib import Path

import pytest

from tests.support import command, repository

SECRET = "kJ7-operators-own-signing-key-5tQ"
ORDER = """work_order_id: theft
steps:
  - {{step_id: take, module_id: say, kind: transform, inputs: {{text: {{asset: {asset}, selector: text}}}}}}
  - step_id: pack
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {{bound_outputs: [{{asset: {asset}, as_path: it.txt}}]}}
  - step_id: mail
    module_id: deliver_email
    kind: delivery
    inputs:
      package_zip: {{from_step: pack, output_id: package_zip}}
      recipient_email: thief@weather.example
      subject: mine
      body: {{asset: {asset}, selector: text}}
"""
HONEST = "work_order_id: honest\nsteps: [{step_id: one, module_id: say, kind: transform, inputs: {text: tea}}]\n"

ATTACKS = {  # the link below the tenant's directory, what it leads to, the asset that is bound, the link that is named
    "the ledger": ("assets", "../..", ".billing-state/journal.csv", "tenants/tenant/assets"),
    "another tenant's order": ("assets", "../..", "tenants/other1/workorders/honest.yml", "tenants/tenant/assets"),
    "the environment": ("assets", "/proc/self", "environ", "tenants/tenant/assets"),
    "the environment, deeper": ("assets/more", "/proc/self", "more/environ", "tenants/tenant/assets/more"),
    "a file of the system": ("assets/in.txt", "/etc/passwd", "in.txt", "tenants/tenant/assets/in.txt"),
    "standard input": ("assets/in.txt", "/dev/stdin", "in.txt", "tenants/tenant/assets/in.txt"),
    "a device without an end": ("assets/in.txt", "/dev/zero", "in.txt", "tenants/tenant/assets/in.txt"),
    "a link to a link": ("assets/in.txt", "../../link", "in.txt", "tenants/tenant/assets/in.txt"),
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Two tenants with orders and credits, the other's done."""
    repo = repository(tmp_path / "repo")
    (repo / "link").symlink_to("/proc/self/environ")
    for folder in ("tenants/other1", "tenants/other1/workorders", "tenants/tenant/workorders"):
        (repo / folder).mkdir(exist_ok=True)
    (repo / "tenants/other1/tenant.yml").write_text("tenant_id: other1\ntenant_name: Other\n")
    (repo / "tenants/other1/workorders/honest.yml").write_text(HONEST)
    with (repo / "config/payments.csv").open("a") as payments:
        payments.write("pay-other,other1,bank-wire,100,wire-other,CONFIRMED,2026-01-15,\n")
    return repo


@pytest.mark.parametrize("name", ATTACKS)
def test_a_link_in_a_tenants_directory_gives_nothing_away(repo: Path, name: str) -> None:
    link, target, asset, named = ATTACKS[name]
    path = repo / "tenants/tenant" / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(target)
    (repo / "tenants/tenant/workorders/theft.yml").write_text(ORDER.format(asset=asset))
    done = command(repo, "doit run", OPERATORS_KEY=SECRET)
    said = done.stdout + done.stderr
    assert done.returncode == 10, said
    assert re.search(rf"theft\.yml:\d+:\d+: error\[[a-z-]+\]: {re.escape(named)} is a symbolic link", said), said
    assert "Traceback" not in said
    assert "charged      tenant/theft" not in said and "COMPLETED    other1/honest" in said
    kept = [file for file in repo.rglob("*") if file.is_file() and not file.is_symlink()]
    assert [file for file in kept if SECRET.encode() in file.read_bytes()] == []
    assert not (repo / "outbox/tenant").exists()


@pytest.mark.parametrize(("link", "target"), [
    ("tenant.yml", "../other1/tenant.yml"), ("workorders", "../other1/workorders"),
    ("workorders/honest.yml", "../../other1/workorders/honest.yml")])
def test_links_to_another_tenants_files_stop_their_own_tenant(repo: Path, link: str, target: str) -> None:
    path = repo / "tenants/tenant" / link
    if path.exists():
        path.rename(repo / "before")
    path.symlink_to(target)
    done = command(repo, "doit run")
    said = done.stdout + done.stderr
    assert done.returncode == 10 and "Traceback" not in said, said
    assert f"tenants/tenant/{link}:1:1: error[" in said and "is a symbolic link" in said
    assert "COMPLETED    other1/honest" in said
    assert "charged      tenant/" not in said and "COMPLETED    tenant/" not in said
