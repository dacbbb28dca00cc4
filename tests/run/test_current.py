"""When a step would run again, and why: asked of its record, of what would go in now, and of the disk."""
import os
from dataclasses import replace

import pytest

from platform.model.order import Binding, Kind, Selector
from platform.model.run import Status
from platform.run.current import current, damage
from platform.run.inputs import differences, is_code
from platform.run.step_not_run import skip_step

SAY = '(out / "text.txt").write_text(params["text"])\nreturn {"status": "COMPLETED"}'


@pytest.fixture
def chain(house):
    """`up` says tea; `down` takes its text and the asset cups.csv."""
    house.assets = {("nxlkGI", "cups.csv"): house.root / "cups.csv"}
    house.root.mkdir()
    (house.root / "cups.csv").write_text("cup\n1\n")
    up = house.step(house.module("say", SAY), "up", params={"text": "tea\nice"})
    down = house.step(house.module("join", '(out / "text.txt").write_text(params["first"][0] + '
                                           'Path(params["all"]["path"]).read_text())\nreturn {"status": "COMPLETED"}'),
                      "down", upstream=("up",), params={
        "first": Binding(from_step="up", output_id="text", selector=Selector.LINES, take=1),
        "all": Binding(from_step="up", output_id="text"), "cups": Binding(asset="cups.csv")})
    assert house.run(up).completed and house.run(down).completed
    return up, down


def test_what_is_done_is_done(house, chain):
    assert [current(house.context(), step) for step in chain] == [(), ()]
    assert (house.folder(chain[1]) / "outputs" / "text.txt").read_text() == "teatea\nice"


def why(house, step):
    return current(house.context(), step)


def test_another_order_another_task_hash(house, chain):
    assert why(house, replace(chain[0], task_hash="0" * 64))[0].startswith("what was ordered changed")


def test_an_edited_module_file(house, chain):
    (house.root / "modules" / "join" / "data.txt").write_text("x")
    assert (why(house, chain[0]), why(house, chain[1])) == ((), ("modules/join/data.txt is new",))


def test_words_tests_and_compiled_files_are_not_code(house, chain):
    for name in ("README.md", "tests/test_join.py", "src/__pycache__/run.cpython-311.pyc"):
        path = house.root / "modules" / "join" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        assert not is_code(name)
    assert why(house, chain[1]) == ()


def test_an_edited_asset(house, chain):
    (house.root / "cups.csv").write_text("cup\n2\n")
    assert why(house, chain[1]) == ("bindings./cups.sha256 changed",)


def test_an_edited_output_even_under_the_same_time_and_size(house, chain):
    path = house.folder(chain[1]) / "outputs" / "text.txt"
    before = path.stat()
    path.write_text("icetea\nice")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns
    assert why(house, chain[1]) == ("its output text.txt was changed",)
    path.unlink()
    assert why(house, chain[1]) == ("its output text.txt is missing",)
    assert damage(house.context(), house.context().record(chain[1].id)) == ("its output text.txt is missing",)


def test_an_upstream_result_that_comes_out_the_same_stops_the_wave(house, chain):
    (house.root / "modules" / "say" / "more.txt").write_text("x")
    assert why(house, chain[0]) == ("modules/say/more.txt is new",)
    assert house.run(chain[0]).completed
    assert why(house, chain[1]) == ()


def test_only_what_was_selected_counts(house):
    up = house.module("say", SAY)
    step = house.step(house.module("first", 'return {"status": "COMPLETED"}'), "down", params={
        "first": Binding(from_step="up", output_id="text", selector=Selector.LINES, take=1)})
    house.run(house.step(up, "up", params={"text": "tea\nice"}))
    house.run(step)
    house.run(house.step(up, "up", params={"text": "tea\nmilk"}))
    assert why(house, step) == ()
    house.run(house.step(up, "up", params={"text": "milk\nice"}))
    assert why(house, step) == ("bindings./first.value_sha256 changed",)


def test_what_did_not_complete_is_never_done(house, chain):
    up, down = chain
    failing = house.step(house.module("say", 'return {"status": "FAILED", "reason_slug": "no_tea"}'), "up",
                         params=up.params)
    assert house.run(failing).status is Status.FAILED
    assert why(house, failing) == ("its last run ended FAILED no_tea",)
    assert why(house, down) == ("step up has not completed",)
    record = skip_step(house.context(), down, 2, "up")
    assert (record.status, record.reason, record.message, record.refund_epoch) == (
        Status.SKIPPED, "skipped_upstream", "step up did not complete", 2)
    assert house.context().record(down.id) == record and not list((house.folder(down) / "outputs").iterdir())
    assert why(house, down) == ("its last run ended SKIPPED skipped_upstream",)


def test_a_step_that_was_done_is_not_undone_by_one_it_only_came_after(house, chain):
    waiting = house.step(house.module("say", SAY), "late", params={"text": "x"}, upstream=("never",))
    house.run(waiting)
    assert why(house, waiting) == ()


def test_the_profile_counts_where_it_changes_the_result(house):
    transform = house.step(house.module("say", SAY), "a", params={"text": "x"})
    asks = house.step(house.module("asks", SAY, external=True), "b", params={"text": "x"})
    sends = house.step(house.module("sends", SAY, kind=Kind.DELIVERY), "c", params={"text": "x"})
    for step in (transform, asks, sends):
        house.run(step)
    house.profile = replace(house.profile, external_services="live", delivery={"folder": {"root_dir": "box"}})
    assert [why(house, step) for step in (transform, asks, sends)] == [
        (), ("external_services changed",), ("delivery.folder is new",)]


def test_a_torn_or_foreign_record_means_not_run(house, chain):
    file = house.folder(chain[0]) / "run.json"
    whole = file.read_bytes()
    for torn in (b"", whole[:100], whole[:-3], b"[]", b"\xff", whole.replace(b'"COMPLETED"', b'"DONE"'),
                 whole.replace(b'"refund_epoch": 0', b'"refund_epoch": "0"'),
                 whole.replace(b'"refund_epoch": 0', b'"refund_epoch": false'),
                 whole.replace(b'"path": "text.txt"', b'"path": "../../down/outputs/text.txt"'),
                 whole.replace(b'"work_order_id": "UbjkpxZO"', b'"work_order_id": "another1"'),
                 whole.replace(b'"attempts": 1', b'"attempts": 1, "more": 1')):
        assert torn != whole
        file.write_bytes(torn)
        assert why(house, chain[0]) == ("it has not run yet",)
        assert why(house, chain[1]) == ("step up has not completed",)
    file.write_bytes(whole)
    assert why(house, chain[0]) == ()


def test_differences_name_the_place():
    old = {"a": 1, "b": {"c": [1], "d": 2}, "e": {}}
    new = {"a": 1, "b": {"c": [2], "d": 2}, "f": None, "g": 3}
    assert differences(old, new) == [("b.c", [1], [2]), ("e", {}, None), ("g", None, 3)]
    assert differences(old, old) == []
