"""A link, pipe or device anywhere in what tenants, modules and the configuration name: it is named, nothing is read
through it, and only what it is about stops."""
import os
import socket
from pathlib import Path

import pytest

from platform.check import check
from platform.model.ids import OrderId
from platform.plan.expand import expand
from tests.check.conftest import TODAY
from tests.check.test_stops import THEIRS, two_orders

BOUND = """work_order_id: UbjkpxZO
steps: [{step_id: a, module_id: make, kind: transform, inputs: {topic: {asset: ASSET, selector: text}}}]
"""
OURS = OrderId("nxlkGI", "UbjkpxZO")
ABOVE = "is a symbolic link, not a directory; replace it with the directory itself"
FILE = "is a symbolic link; replace it with the file itself"


def moved(small, name: str, target: str) -> None:
    """What is at `name` is a link now."""
    path = small.root / name
    if path.exists() and not path.is_symlink():
        path.rename(small.root / f"before-{path.name}")
    path.symlink_to(target.replace("ROOT", str(small.root)))


def runs(small) -> set[OrderId]:
    """The orders that would run."""
    from datetime import UTC, datetime

    repo = small.load()
    return set(expand(repo, check(repo, TODAY), datetime(2026, 11, 24, tzinfo=UTC), None).orders)


CASES = [  # the link, its target, what is said first, whether (ours, theirs) still run
    ("tenants/nxlkGI", "Zz9999", f"tenants/nxlkGI:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants/nxlkGI", "ROOT/before-nxlkGI", f"tenants/nxlkGI:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants/nxlkGI", "nothing", f"tenants/nxlkGI:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants/nxlkGI", "nxlkGI", f"tenants/nxlkGI:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants", "before-tenants", f"tenants:1:1: error[linked-directory]: {ABOVE}", False, False),
    ("tenants/nxlkGI/workorders", "../Zz9999/workorders",
     f"tenants/nxlkGI/workorders:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants/nxlkGI/workorders", "/proc/self",
     f"tenants/nxlkGI/workorders:1:1: error[linked-directory]: {ABOVE}", False, True),
    ("tenants/nxlkGI/tenant.yml", "../Zz9999/tenant.yml",
     f"tenants/nxlkGI/tenant.yml:1:1: error[not-a-file]: {FILE}", False, True),
    ("tenants/nxlkGI/tenant.yml", "/dev/stdin",
     f"tenants/nxlkGI/tenant.yml:1:1: error[not-a-file]: {FILE}", False, True),
    ("tenants/nxlkGI/workorders/UbjkpxZO.yml", "../../Zz9999/workorders/their-order.yml",
     f"tenants/nxlkGI/workorders/UbjkpxZO.yml:1:1: error[not-a-file]: {FILE}", False, True),
    ("modules", "before-modules", f"modules:1:1: error[linked-directory]: {ABOVE}", False, False),
    ("modules/make", "../tenants/nxlkGI/assets", f"modules/make:1:1: error[linked-directory]: {ABOVE}", False, False),
    ("modules/send", "make", f"modules/send:1:1: error[linked-directory]: {ABOVE}", True, True),
    ("modules/make/module.yml", "../send/module.yml",
     f"modules/make/module.yml:1:1: error[not-a-file]: {FILE}", False, False),
    ("modules/make/src", "../send/src", f"modules/make/src:1:1: error[linked-directory]: {ABOVE}", False, False),
    ("modules/make/src/run.py", "../../send/src/run.py",
     f"modules/make/src/run.py:1:1: error[not-a-file]: {FILE}", False, False),
    ("modules/make/src/more.py", "../../../tenants/nxlkGI/assets/table.csv",
     f"modules/make/src/more.py:1:1: error[not-a-file]: {FILE}", False, False),
    ("modules/make/stoplist.txt", "/etc/passwd",
     f"modules/make/stoplist.txt:1:1: error[not-a-file]: {FILE}", False, False),
    ("modules/make/fixtures", "..", f"modules/make/fixtures:1:1: error[not-a-file]: {FILE}", False, False),
    ("modules/make/tests", "..", "", True, True),
    ("config", "before-config", f"config:1:1: error[linked-directory]: {ABOVE}", False, False),
    ("config/module_prices.csv", "../tenants/nxlkGI/assets/table.csv",
     f"config/module_prices.csv:1:1: error[not-a-file]: {FILE}", False, False),
    ("config/promotions.csv", "module_prices.csv",
     f"config/promotions.csv:1:1: error[not-a-file]: {FILE}", False, False),
    ("config/reasons.yml", "/proc/self/environ", f"config/reasons.yml:1:1: error[not-a-file]: {FILE}", False, False),
    ("config/runtime_profile.yml", "/proc/self/environ",
     f"config/runtime_profile.yml:1:1: error[not-a-file]: {FILE}", None, None),
]


@pytest.mark.parametrize(("name", "target", "line", "ours", "theirs"), CASES, ids=[f"{a} to {b}" for a, b, *_ in CASES])
def test_a_link_is_named_and_stops_what_it_is_about(small, name, target, line, ours, theirs):
    two_orders(small)
    moved(small, name, target)
    assert line in [*small.lines(), ""]
    if ours is not None:
        assert runs(small) == {order for order, does in ((OURS, ours), (THEIRS, theirs)) if does}


def test_orders_behind_a_link_are_not_taken_for_deleted(small):
    two_orders(small)
    moved(small, "tenants/nxlkGI/workorders", "ROOT/before-workorders")
    repo = small.load()
    # `Charges.orphans` refunds what orders paid that are gone, of tenants that can be read
    assert "nxlkGI" not in repo.tenants and "nxlkGI" in repo.tenant_ids


ASSETS = [  # the link and its target, the asset that is bound, what is said of it
    ("tenants/nxlkGI/assets", "../..", "table.csv", ("linked-directory", "tenants/nxlkGI/assets is a symbolic link")),
    ("tenants/nxlkGI/assets", "/proc/self", "environ", ("linked-directory",
                                                       "tenants/nxlkGI/assets is a symbolic link")),
    ("tenants/nxlkGI/assets", "ROOT/before-assets", "table.csv", ("linked-directory",
                                                                 "tenants/nxlkGI/assets is a symbolic link")),
    ("tenants/nxlkGI/assets/in", "../../..", "in/config/reasons.yml",
     ("linked-directory", "tenants/nxlkGI/assets/in is a symbolic link")),
    ("tenants/nxlkGI/assets/self", "/proc/self", "self/environ",
     ("linked-directory", "tenants/nxlkGI/assets/self is a symbolic link")),
    ("tenants/nxlkGI/assets/link.csv", "table.csv", "link.csv",
     ("not-a-file", "tenants/nxlkGI/assets/link.csv is a symbolic link")),
    ("tenants/nxlkGI/assets/in", "/dev/stdin", "in", ("not-a-file", "tenants/nxlkGI/assets/in is a symbolic link")),
    ("tenants/nxlkGI/assets/in", "nothing", "in", ("not-a-file", "tenants/nxlkGI/assets/in is a symbolic link")),
    ("tenants/nxlkGI/assets/in", "in", "in", ("not-a-file", "tenants/nxlkGI/assets/in is a symbolic link")),
    ("tenants/nxlkGI/assets/in", "/proc/self/fd/0", "in",
     ("not-a-file", "tenants/nxlkGI/assets/in is a symbolic link")),
]


@pytest.mark.parametrize(("name", "target", "asset", "said"), ASSETS, ids=[f"{a} to {b}" for a, b, *_ in ASSETS])
def test_an_asset_behind_a_link_is_not_read(small, name, target, asset, said):
    moved(small, name, target)
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", asset))
    (problem,) = small.problems()
    assert (problem.code, problem.what.partition(",")[0]) == said
    assert (problem.place.file, problem.subject) == ("tenants/nxlkGI/workorders/UbjkpxZO.yml", ("order", *OURS))
    assert small.load().assets == {}


def test_every_order_that_binds_it_is_told_and_a_draft_is_warned(small):
    moved(small, "tenants/nxlkGI/assets", "../..")
    bound = BOUND.replace("ASSET", "table.csv")
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", bound)
    small.put("tenants/nxlkGI/workorders/another.yml", bound.replace("UbjkpxZO", "another"))
    small.put("tenants/nxlkGI/workorders/a-draft.yml",
              "enabled: false\n" + bound.replace("UbjkpxZO", "a-draft"))
    assert [(problem.place.file.rpartition("/")[2], problem.code, problem.warning) for problem in small.problems()] == [
        ("UbjkpxZO.yml", "linked-directory", False), ("a-draft.yml", "linked-directory", True),
        ("another.yml", "linked-directory", False)]


@pytest.mark.parametrize("kind", ["pipe", "socket", "directory"])
def test_what_is_no_plain_file_is_no_asset_and_makes_nobody_wait(small, kind, monkeypatch):
    path = small.root / "tenants/nxlkGI/assets/it"
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as listening:
        {"pipe": lambda: os.mkfifo(path), "directory": path.mkdir, "socket": lambda: listening.bind("it")}[kind]()
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", "it"))
    (problem,) = small.problems()
    assert (problem.code, problem.what) == ("not-a-file", f"tenants/nxlkGI/assets/it is a {kind}")


@pytest.mark.parametrize("asset", ["../tenant.yml", "/etc/passwd", "a/../../tenant.yml", "/dev/stdin", "..", "a\\\\b"])
def test_a_path_that_leads_out_is_refused_by_its_words(small, asset):
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", f'"{asset}"'))
    assert [problem.code for problem in small.problems()] == ["asset-outside"]


@pytest.mark.parametrize("asset", ["n" * 300, "n/" * 2500, "table.csv/more"])
def test_a_name_that_no_disk_has_is_missing(small, asset):
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", asset))
    assert [problem.code for problem in small.problems()] == ["asset-missing"]


def test_names_that_are_proposed_are_not_taken_from_behind_a_link(small):
    (small.root / "secret").mkdir()
    (small.root / "secret/tabel.csv").write_text("x")
    (small.root / "tenants/nxlkGI/assets/deep").symlink_to(small.root / "secret")
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", "deep2/tabel.csv"))
    assert small.load().asset_names == {"nxlkGI": ("table.csv",)}


LINKED = "tenants/nxlkGI/assets/table.csv", "tenants/nxlkGI/tenant.yml", "tenants/nxlkGI/workorders/UbjkpxZO.yml"


@pytest.mark.parametrize("name", LINKED)
def test_a_tenants_file_with_a_second_name_is_refused(small, name, tmp_path_factory):
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", BOUND.replace("ASSET", "table.csv"))
    os.link(small.root / name, small.root / "elsewhere")
    problems = small.problems()
    assert [problem.code for problem in problems] == ["hard-link"]
    assert Path(name).name in str(problems[0])
