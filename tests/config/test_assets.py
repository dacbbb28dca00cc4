"""An asset is looked at before it is read: nothing that costs a tenant nothing may cost the operator hours."""
from pathlib import Path

from platform.config.load import load_profile, load_repo
from platform.files import Digests
from tests.support import repository

ORDER = ("work_order_id: tea\nsteps: [{step_id: one, module_id: say, kind: transform, "
         "inputs: {text: {asset: a, selector: text}}}]\n")


def test_a_sparse_asset_is_refused_and_not_read(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    profile, _ = load_profile(root, root / "config" / "runtime_profile.yml")
    most = profile.limits.file_mb << 20
    for folder in ("assets", "workorders"):
        (root / "tenants" / "tenant" / folder).mkdir()
    (root / "tenants/tenant/workorders/tea.yml").write_text(ORDER)
    with (root / "tenants/tenant/assets/a").open("wb") as file:
        file.truncate(4 << 40)
    repo = load_repo(root, profile, Digests(tmp_path / "digests.json"))
    assert repo.assets == {}
    refusal = repo.asset_faults["tenant", "a"]
    assert (refusal.code, refusal.what) == ("asset-too-large", f"the asset has {4 << 40} bytes; the limit is {most}")
