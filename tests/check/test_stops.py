"""Whom a problem stops: what depends on the thing that is wrong, and nobody else."""
import os
from datetime import date

import pytest

from platform.check.words import nearest
from platform.config.load import load_repo
from platform.files import Digests
from platform.model.ids import OrderId
from platform.model.profile import Profile
from platform.toolfiles import MODULES

MINE = OrderId("nxlkGI", "UbjkpxZO")
THEIRS = OrderId("Zz9999", "their-order")
GOOD = "steps: [{step_id: a, module_id: make, kind: transform, inputs: {topic: sails}}]\n"


def two_orders(small):
    small.put("tenants/Zz9999/workorders/their-order.yml", "work_order_id: their-order\n" + GOOD)


def subjects(small):
    return {problem.subject for problem in small.problems() if not problem.warning}


def test_an_order_that_cannot_be_read_leaves_the_others_as_they_are(small):
    two_orders(small)
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "steps: [\n")
    repo = small.load()
    assert set(repo.orders) == {THEIRS}
    assert repo.unreadable == {MINE: "tenants/nxlkGI/workorders/UbjkpxZO.yml"}
    assert subjects(small) == {("order", *MINE)}


def test_a_broken_tenant_stops_its_own_orders_only(small):
    two_orders(small)
    small.put("tenants/nxlkGI/tenant.yml", "tenant_id: nxlkGI\n")
    assert subjects(small) == {("tenant", "nxlkGI")}
    assert set(small.load().orders) == {MINE, THEIRS}


def test_a_broken_module_is_named_once_and_stops_who_uses_it(small):
    small.put("modules/send/module.yml", "module_id: send\n")
    assert subjects(small) == {("module", "send")}


def test_a_wrong_price_stops_its_module_and_an_unreadable_price_list_everything(small):
    small.put("config/module_prices.csv", "module_id,deliverable_id,price_credits,effective_from,active\n"
              "make,__run__,5,2026-01-01,true\npack,__run__,1,2026-01-01,true\nsend,__run__,-1,2026-01-01,true\n")
    assert subjects(small) == {("module", "send")}
    small.put("config/module_prices.csv", b"\xff")
    assert subjects(small) == {()}


def test_a_problem_of_a_draft_or_of_a_disabled_step_is_a_warning(small):
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nenabled: false\n"
              "steps: [{step_id: a, module_id: nothing, kind: transform}]\n")
    assert [(problem.code, problem.warning) for problem in small.problems()] == [("unknown-module", True)]
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nsteps:\n"
              "  - {step_id: a, module_id: make, kind: transform, inputs: {topic: sails}}\n"
              "  - {step_id: b, module_id: nothing, kind: transform, enabled: false}\n")
    assert [(problem.code, problem.warning) for problem in small.problems()] == [("unknown-module", True)]


def test_a_draft_that_cannot_be_used_is_not_an_order_that_was_refused(small):
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nenabled: false\nsteps: 5\n")
    repo = small.load()
    assert (repo.orders, repo.unreadable) == ({}, {})
    assert [(problem.code, problem.warning) for problem in repo.problems] == [("wrong-type", True)]


def test_a_price_that_is_not_active_is_no_second_price(small):
    small.put("config/module_prices.csv", "module_id,deliverable_id,price_credits,effective_from,active\n"
              "make,__run__,5,2026-01-01,true\nmake,__run__,9,2026-01-01,false\n"
              "pack,__run__,1,2026-01-01,true\nsend,__run__,1,2026-01-01,true\n")
    assert small.lines() == []
    assert small.load().prices.in_force("make", "__run__", date(2026, 11, 24)).price_credits == 5


def test_a_link_to_another_tenants_order_is_not_followed(small):
    two_orders(small)
    (small.root / "tenants/nxlkGI/workorders/their-order.yml").symlink_to(
        small.root / "tenants/Zz9999/workorders/their-order.yml")
    assert small.lines() == ["tenants/nxlkGI/workorders/their-order.yml:1:1: error[not-a-file]: is a symbolic "
                             "link; replace it with the file itself"]


def test_a_pipe_where_an_order_should_be_does_not_make_anybody_wait(small):
    os.mkfifo(small.root / "tenants/nxlkGI/workorders/pipe.yml")
    assert [problem.code for problem in small.problems()] == ["not-a-file"]


def test_an_asset_behind_a_link_out_of_the_folder_is_not_there(small):
    (small.root / "tenants/nxlkGI/assets/link.csv").symlink_to(small.root / "tenants/Zz9999/assets/theirs.csv")
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nsteps: [{step_id: a, "
              "module_id: make, kind: transform, inputs: {topic: {asset: link.csv, selector: text}}}]\n")
    assert [problem.code for problem in small.problems()] == ["not-a-file"]
    assert small.load().assets == {}


def test_file_and_folder_names_that_are_no_ids_are_said_in_one_line(small):
    small.put("tenants/nxlkGI/workorders/a.yml", GOOD)
    small.put("tenants/nxlkGI/workorders/order-1.yaml", GOOD)
    small.put("tenants/nxlkGI/workorders/two\nlines.yml", GOOD)
    small.put("tenants/nobody/notes.txt", "")
    small.put("tenants/_notes/notes.txt", "")
    small.put("modules/Not-A-Module/module.yml", "")
    fix = "use 8 letters or digits, or 3 to 64 of letters, digits, _ and -"
    assert small.lines() == [
        "modules/Not-A-Module:1:1: error[folder-name]: the directory's name is not a module id; rename it",
        "tenants/nobody/tenant.yml:1:1: error[file-missing]: the file does not exist; create it, or name another",
        f"tenants/nxlkGI/workorders/a.yml:1:1: error[file-name]: the file's name is not a work order id; {fix}",
        "tenants/nxlkGI/workorders/order-1.yaml:1:1: error[file-name]: the name of a work order's file must end "
        "in .yml; rename it",
        "tenants/nxlkGI/workorders/two\\nlines.yml:1:1: error[file-name]: the file's name is not a work order id; "
        + fix]


def test_only_reads_what_those_orders_need(small):
    two_orders(small)
    small.put("tenants/nxlkGI/workorders/broken-one.yml", "[")
    small.put("modules/send/module.yml", "[")
    repo = small.load(only={THEIRS, OrderId("Zz9999", "nothing-here")})
    assert (set(repo.orders), set(repo.tenants), set(repo.contracts)) == ({THEIRS}, {"Zz9999"}, {"make"})
    assert (repo.problems, repo.unreadable) == ((), {})
    assert repo.tenant_ids == {"nxlkGI", "Zz9999"}
    assert repo.module_ids == {"make", "pack", "send"}


def test_assets_are_hashed_when_an_order_binds_them_and_no_others(small):
    small.put("tenants/nxlkGI/assets/unused.bin", b"x" * 1000)
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nsteps: [{step_id: a, "
              "module_id: make, kind: transform, inputs: {topic: x, table: {asset: table.csv}}}]\n")
    repo = small.load()
    (asset,) = repo.assets.values()
    assert list(repo.assets) == [("nxlkGI", "table.csv")]
    assert (asset.file, asset.bytes) == ("tenants/nxlkGI/assets/table.csv", 8)
    assert asset.sha256 == "492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470"


def test_an_empty_folder_is_a_repository_with_its_files_missing(tmp_path):
    repo = load_repo(tmp_path, Profile(), Digests())
    assert [(problem.place.file, problem.code) for problem in repo.problems] == [
        (f"config/{name}", "file-missing") for name in (
            "module_prices.csv", "payments.csv", "promotions.csv", "tenants.csv", "topup_methods.csv")]
    assert repo.orders == {}
    assert repo.contracts.keys() == {path.name for path in MODULES.iterdir()}  # the tool's


@pytest.mark.slow
@pytest.mark.parametrize("step", [
    "needs: [q{0}], inputs: {{topic: x}}", "inputs: {{topic: x, q{0}: 1}}",
    "deliverables: [q{0}], inputs: {{topic: x}}", "inputs: {{topic: {{asset: q{0}, selector: text}}}}"])
def test_of_a_file_full_of_mistakes_the_first_hundred_of_a_kind_are_told_and_that_there_are_more(small, step):
    steps = "".join(f"  - {{step_id: s{index}, module_id: make, kind: transform, {step.format(index)}}}\n"
                    for index in range(1000))
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nsteps:\n" + steps)
    problems = small.problems()
    assert len(problems) == 101
    assert problems[0].code == "too-many-problems"


def test_among_thousands_of_steps_the_nearest_name_is_found():
    names = [f"s{index}" for index in range(3000)]
    assert nearest("s2969x", names) == "s2969"


def test_tables_become_values_with_their_days(small):
    repo = small.load()
    row = repo.prices.in_force("make", "__run__", date(2026, 11, 24))
    assert (row.price_credits, row.effective_from, row.effective_to, str(row.place)) == (
        5, date(2026, 1, 1), None, "config/module_prices.csv:2:1")
    assert repo.promotions["SUMMER"].effective_to == date(2026, 8, 31)
    assert [(payment.tenant_id, payment.amount_credits, payment.status) for payment in repo.payments] == [
        ("nxlkGI", 1000, "CONFIRMED")]


def test_a_name_as_long_as_its_file_makes_no_line_of_that_length(small):
    """Found by the fuzz test: a deliverable's id of 5,000 characters in the price list."""
    prices = (small.root / "config/module_prices.csv").read_text()
    small.put("config/module_prices.csv", prices + "make," + "x" * 5000 + ",5,2026-01-01,,true,\n")
    (line,) = small.lines()
    assert line.startswith("config/module_prices.csv:8:1: warning[price-unused]: `make` sells no `xxx")
    assert len(line) < 1200
