"""e2e_assert_chaining.py: silent on a good state, and one line for every link that was tampered with."""
import json
import zipfile
from hashlib import sha256

import pytest

from tests.support import command

ASSERT = "python scripts/e2e_assert_chaining.py --runtime-dir runtime --tenant-id tenant --work-order-id"


def chaining(repo, order="tea"):
    done = command(repo, f"{ASSERT} {order}")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.splitlines()


def edit_json(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def record_again(repo, step, output_id, path):
    """Make a step's record say what now lies on disk: a forger who knows about digests."""
    def change(record):
        output = next(output for output in record["outputs"] if output["output_id"] == output_id)
        output |= {"sha256": sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}

    edit_json(repo / f"runtime/tenant/tea/{step}/run.json", change)


def test_a_good_state_passes_from_any_folder_and_says_what_was_compared(repo):
    done = command(repo / "tenants" / "tenant", f"{ASSERT} tea")
    assert (done.returncode, done.stdout) == (
        0, "ok  tenant/tea: compared inputs 6, outputs 7, package entries 1, packages 1, receipts 1, records 8\n"), done


def test_an_edited_output_is_told_where_it_was_made_and_where_it_went(repo):
    (repo / "runtime/tenant/tea/one/outputs/said.txt").write_text("ted\n")
    status, lines = chaining(repo)
    assert status == 1
    assert [line.partition(":")[2].partition(":")[0].strip() for line in lines] == [
        "said.txt, record and disk", "input /after from one, record and disk",
        "input /bound_outputs/0 from one, record and disk", "manifest and what was bound",
        "compared inputs 6, outputs 7, package entries 1, packages 1, receipts 1, records 8"]


def test_an_edited_output_whose_record_was_forged_too_is_told_by_the_step_that_took_it(repo):
    output = repo / "runtime/tenant/tea/one/outputs/said.txt"
    output.write_text("ted\n")
    record_again(repo, "one", "said", output)
    status, lines = chaining(repo)
    assert status == 1
    assert {line.split(":")[0] for line in lines[:-1]} == {"step tenant/tea/two", "step tenant/tea/package"}


def test_a_missing_output_and_a_missing_record_are_told(repo):
    (repo / "runtime/tenant/tea/two/outputs/said.txt").unlink()
    (repo / "runtime/tenant/tea/one/run.json").unlink()
    status, lines = chaining(repo)
    assert status == 1
    assert "step tenant/tea/one: has no run record" in lines
    assert any(line.startswith("step tenant/tea/two: said.txt, record and disk:") for line in lines)


def test_a_step_that_did_not_complete_is_told(repo):
    edit_json(repo / "runtime/tenant/tea/two/run.json", lambda record: record.update(status="FAILED"))
    assert chaining(repo)[1][0] == "step tenant/tea/two: status: FAILED here, COMPLETED there"


def test_a_step_of_another_version_is_told(repo):
    order = repo / "tenants/tenant/workorders/tea.yml"
    order.write_text(order.read_text().replace("text: milk", "text: cream"))
    status, lines = chaining(repo)
    assert (status, lines[0].split(": ")[:2]) == (1, ["step tenant/tea/two", "task hash"])


@pytest.mark.parametrize("rows_too", [False, True])
def test_a_package_with_other_bytes_is_told_even_when_manifest_and_record_agree_with_it(repo, rows_too):
    package = repo / "runtime/tenant/tea/package/outputs/package.zip"
    with zipfile.ZipFile(package) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["said.txt"] = b"something else\n"
    if rows_too:
        manifest = json.loads(files["manifest.json"])
        manifest["files"][0]["sha256"] = sha256(files["said.txt"]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(package, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    record_again(repo, "package", "package_zip", package)
    status, lines = chaining(repo)
    assert status == 1
    told = "manifest and what was bound" if rows_too else "said.txt, manifest and zip"
    assert any(line.startswith(f"step tenant/tea/package: {told}:") for line in lines)


def test_a_package_that_is_no_zip_is_told(repo):
    (repo / "runtime/tenant/tea/package/outputs/package.zip").write_bytes(b"PK")
    status, lines = chaining(repo)
    assert (status, any("cannot be read as a package" in line for line in lines)) == (1, True)


@pytest.mark.parametrize("receipt", ['{"sha256": "00", "bytes": 1}', "[]", "torn"])
def test_a_receipt_of_something_else_is_told(repo, receipt):
    path = repo / "runtime/tenant/tea/put/outputs/delivery_receipt.json"
    path.write_text(receipt)
    record_again(repo, "put", "delivery_receipt_json", path)
    status, lines = chaining(repo)
    assert (status, len(lines), "receipt" in lines[0]) == (1, 2, True)


def test_a_selected_value_is_compared_too(repo):
    order = repo / "tenants/tenant/workorders/words.yml"
    order.write_text("work_order_id: words\nsteps:\n"
                     "  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}\n"
                     "  - {step_id: two, module_id: say, kind: transform,\n"
                     "     inputs: {text: {from_step: one, output_id: said, selector: text}}}\n")
    command(repo, "doit run workorder:tenant/words")
    assert chaining(repo, "words") == (0, ["ok  tenant/words: compared inputs 1, outputs 2, records 4"])
    (repo / "runtime/tenant/words/one/outputs/said.txt").write_text("ted\n")
    assert any("input /text from one, text then and now" in line for line in chaining(repo, "words")[1])


def test_where_nothing_is_bound_there_is_nothing_to_compare(repo):
    (repo / "tenants/tenant/workorders/alone.yml").write_text(
        "work_order_id: alone\nsteps:\n  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}\n")
    command(repo, "doit run workorder:tenant/alone")
    assert chaining(repo, "alone")[0] == 1


def test_an_order_that_is_not_there_is_one_line(repo):
    done = command(repo, f"{ASSERT} coffee")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_assertions_change_nothing(repo):
    def files():
        return {path: path.read_bytes() for folder in (".billing-state", "runtime")
                for path in (repo / folder).rglob("*") if path.is_file()}

    before = files()
    chaining(repo)
    command(repo, "python scripts/e2e_assert_idempotency.py --tenant-id tenant --work-order-id tea")
    assert files() == before
