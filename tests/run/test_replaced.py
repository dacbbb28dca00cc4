"""What a step was given is what was looked at: a name that leads elsewhere since gives nothing away."""
import dataclasses
import os

import pytest

from platform.model.order import Binding, Kind, Selector
from platform.model.profile import Profile
from platform.run import inputs, worker
from tests.run.conftest import COMPLETED, ORDER, TENANT, needs_bwrap

SECRET = "the operator's own"
COPY = 'Path(outputs_dir, "text.txt").write_bytes(Path(params["text"]["path"]).read_bytes())\n' + COMPLETED


@pytest.fixture(params=["process", pytest.param("bubblewrap", marks=needs_bwrap)])
def fenced(request, house):
    """A house with an asset, in which steps run in a sandbox of that kind."""
    house.profile = Profile(sandbox=request.param, delivery={"folder": {"root_dir": "deliveries"}})
    house.assets = {(TENANT, "table.csv"): house.root / "tenants" / TENANT / "assets" / "table.csv"}
    asset = house.assets[TENANT, "table.csv"]
    asset.parent.mkdir(parents=True)
    asset.write_text("a,b\n")
    (house.root / "theirs").mkdir()
    (house.root / "theirs/table.csv").write_text(SECRET)
    return house


def exchange(path, target):
    """What was at `path` is a link to `target` now."""
    path.rename(path.with_name(f"before-{path.name}"))
    path.symlink_to(target)


def out(house, step):
    return house.runtime / TENANT / ORDER / step.id.step_id / "outputs"


@pytest.mark.parametrize("place", ["table.csv", "assets", TENANT])
def test_an_asset_that_became_a_link_is_not_read(fenced, place):
    asset = fenced.assets[TENANT, "table.csv"]
    step = fenced.step(fenced.module("copy", COPY), params={"text": Binding(asset="table.csv")})
    exchange(next(path for path in (asset, *asset.parents) if path.name == place),
             {"table.csv": "../../../theirs/table.csv", "assets": "../../theirs", TENANT: "../theirs"}[place])
    record = fenced.run(step)
    assert (record.status, record.reason) == ("FAILED", "missing_required_input")
    assert f"{place} is a symbolic link" in record.message


def test_the_environment_is_not_selected_from(fenced):
    assets = fenced.assets[TENANT, "table.csv"].parent
    exchange(assets, "/proc/self")
    fenced.assets = {(TENANT, "environ"): assets / "environ"}
    step = fenced.step(fenced.module("copy", COMPLETED),
                       params={"text": Binding(asset="environ", selector=Selector.TEXT)})
    record = fenced.run(step)
    assert (record.reason, record.message) == ("missing_required_input",
                                               "asset environ: assets is a symbolic link")


@pytest.mark.parametrize("place", ["table.csv", "assets"])
def test_a_name_that_is_exchanged_after_it_was_digested_is_not_mounted(fenced, place, monkeypatch):
    """Between the digest and the start of the child: bubblewrap opens its sources by name, and follows links."""
    asset = fenced.assets[TENANT, "table.csv"]
    step = fenced.step(fenced.module("copy", COPY), params={"text": Binding(asset="table.csv")})
    start = worker._start

    def late(*given):
        if place == "table.csv":
            exchange(asset, "../../../theirs/table.csv")
        else:
            exchange(asset.parent, "../../theirs")
        return start(*given)

    monkeypatch.setattr(worker, "_start", late)
    record = fenced.run(step)
    assert (record.status, record.reason) == ("FAILED", "missing_required_input")
    assert "table.csv is another file than was looked at" in record.message
    assert not list(out(fenced, step).iterdir())


def test_a_file_with_a_second_name_is_not_read(fenced):
    step = fenced.step(fenced.module("copy", COPY), params={"text": Binding(asset="table.csv")})
    os.link(fenced.assets[TENANT, "table.csv"], fenced.root / "elsewhere")
    assert "hard link" in fenced.run(step).message


@pytest.mark.parametrize("selector", [Selector.FILE, Selector.TEXT])
def test_an_output_upstream_that_became_a_link_is_not_read(fenced, selector):
    first = fenced.step(fenced.module("say", f'(out / "text.txt").write_text("a")\n{COMPLETED}'), "first")
    assert fenced.run(first).completed
    exchange(out(fenced, first) / "text.txt", fenced.root / "theirs/table.csv")
    step = fenced.step(fenced.module("copy", COPY), "second", upstream=("first",),
                       params={"text": Binding(from_step="first", output_id="text", selector=selector)})
    record = fenced.run(step)
    assert (record.reason, "text.txt is a symbolic link" in record.message) == ("missing_required_input", True)


def test_a_folder_in_outputs_that_became_a_link_is_not_walked(fenced):
    body = f'(out / "pages").mkdir(); (out / "pages/a.txt").write_text("a")\n{COMPLETED}'
    first = fenced.step(fenced.module("say", body, outputs={"pages": "pages/"}), "first")
    assert fenced.run(first).completed
    exchange(out(fenced, first) / "pages", fenced.root / "theirs")
    for binding in (Binding(from_step="first", output_id="pages"),
                    Binding(from_step="first", from_file="pages/table.csv")):
        step = fenced.step(fenced.module("copy", COPY), "second", upstream=("first",), params={"text": binding})
        assert fenced.run(step).reason == "missing_required_input"


def test_a_selector_reads_no_file_of_any_size(fenced, monkeypatch):
    monkeypatch.setattr(inputs, "MOST_SELECTED", 3)
    step = fenced.step(fenced.module("copy", COMPLETED),
                       params={"text": Binding(asset="table.csv", selector=Selector.TEXT)})
    record = fenced.run(step)
    assert (record.reason, "a selector reads at most 3" in record.message) == ("bad_input_format", True)


@pytest.mark.parametrize("link", ["deliveries", f"deliveries/{TENANT}"])
def test_nothing_is_delivered_through_a_link(fenced, link):
    (fenced.root / link).parent.mkdir(exist_ok=True)
    (fenced.root / link).symlink_to(fenced.root / "theirs")
    body = f'Path(params["_platform"]["delivery"]["folder"]["root_dir"], "{TENANT}", "x").write_text("x")\n{COMPLETED}'
    record = fenced.run(fenced.step(fenced.module("send", body, kind=Kind.DELIVERY)))
    assert (record.status, record.reason) == ("FAILED", "output_write_failed")
    assert f"{link} is a symbolic link" in record.message
    assert [path.name for path in (fenced.root / "theirs").iterdir()] == ["table.csv"]


def test_an_operators_own_folder_may_be_behind_links_of_theirs(fenced, tmp_path_factory):
    disk = tmp_path_factory.mktemp("disk")
    (disk / "link").symlink_to(disk / "real")
    (disk / "real").mkdir()
    fenced.profile = dataclasses.replace(fenced.profile, delivery={"folder": {"root_dir": str(disk / "link")}})
    body = f'Path(params["_platform"]["delivery"]["folder"]["root_dir"], "{TENANT}", "x").write_text("x")\n' \
           f'(out / "text.txt").write_text("")\n{COMPLETED}'
    assert fenced.run(fenced.step(fenced.module("send", body, kind=Kind.DELIVERY))).completed
    assert (disk / "real" / TENANT / "x").read_text() == "x"


def test_a_modules_folder_that_becomes_a_link_is_not_mounted(fenced, monkeypatch):
    step = fenced.step(fenced.module("copy", f'(out / "text.txt").write_text("")\n{COMPLETED}'))
    fenced.module("other", f'(out / "text.txt").write_text("")\n{COMPLETED}')
    start = worker._start

    def late(*given):
        exchange(fenced.root / "modules/copy", "other")
        return start(*given)

    monkeypatch.setattr(worker, "_start", late)
    assert fenced.run(step).reason == "missing_required_input"


@pytest.mark.parametrize("name", ["pages//{secret}", "pages/../../../../../../theirs/table.csv", "pages/./../x"])
def test_a_file_of_a_folder_is_below_the_folder(fenced, name):
    body = f'(out / "pages").mkdir(); (out / "pages/a.txt").write_text("a")\n{COMPLETED}'
    first = fenced.step(fenced.module("say", body, outputs={"pages": "pages/"}), "first")
    assert fenced.run(first).completed
    binding = Binding(from_step="first", from_file=name.format(secret=fenced.root / "theirs/table.csv"))
    step = fenced.step(fenced.module("copy", COPY), "second", upstream=("first",), params={"text": binding})
    assert fenced.run(step).reason == "missing_required_input"
