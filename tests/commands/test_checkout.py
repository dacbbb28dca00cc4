"""The same commit, checked out by a git that converts line ends, is the same work: nothing is charged, run or sent."""
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import command, repository

ORDER = """work_order_id: tea
metadata: {title: Tea}
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: "tea\\n"}}
  - step_id: two
    module_id: say
    kind: transform
    inputs:
      text: |
        several
        lines
      after: {from_step: one, output_id: said}
  - {step_id: three, module_id: say, kind: transform, inputs: {text: {asset: words.txt, selector: text}}}
  - step_id: package
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {bound_outputs: [{asset: words.txt, as_path: words.txt}]}
  - step_id: put
    module_id: deliver_folder
    kind: delivery
    inputs: {package_zip: {from_step: package, output_id: package_zip}}
"""


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words], cwd=folder, check=True,
                   capture_output=True)


@pytest.mark.slow
def test_a_checkout_that_converts_line_ends_is_not_charged_or_delivered_again(tmp_path: Path) -> None:
    repo, other = repository(tmp_path / "repo"), tmp_path / "other"
    for folder in ("workorders", "assets"):
        (repo / "tenants/tenant" / folder).mkdir(exist_ok=True)
    (repo / "tenants/tenant/workorders/tea.yml").write_text(ORDER)
    (repo / "tenants/tenant/assets/words.txt").write_text("one\ntwo\n")
    (repo / ".gitignore").write_text("/runtime/\n/.billing-state/\n/deliveries/\n")
    git(repo, "init", "-q")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "all")
    first = command(repo, "doit run")
    assert first.returncode == 0, first.stdout + first.stderr
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "-q", "-c", "core.autocrlf=true", str(repo), str(other))
    for made in ("runtime", ".billing-state"):
        shutil.copytree(repo / made, other / made)
    again = command(other, "doit run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "5 up to date; nothing posted" in again.stdout
    assert not (other / "deliveries").exists()


def test_what_new_writes_is_not_converted_either(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / ".gitattributes").unlink()
    for line in ("new tenant --name Ferry --tenant-id Ferry1", "new module --module-id ferry --kind transform"):
        assert command(repo, f"python -m platform.cli {line}").returncode == 0
    git(repo, "init", "-q")
    names = ["tenants/Ferry1/assets/a.csv", "tenants/Ferry1/tenant.yml", "modules/ferry/src/run.py"]
    told = subprocess.run(["git", "check-attr", "text", *names], cwd=repo, check=True, capture_output=True, text=True)
    assert told.stdout.splitlines() == [f"{name}: text: unset" for name in names]
