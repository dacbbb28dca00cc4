"""Whole steps: what a run leaves behind, twice, side by side, and when the disk says no."""
import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from platform.errors import StorageError
from platform.model.ids import StepId
from platform.model.order import Binding, Selector
from platform.model.run import OutputFile, RunRecord, Status
from platform.run.records import as_bytes, from_bytes, output_path, record_file, step_dir
from tests.support import LONGEST_WAIT_S

SAY = 'print("said")\n(out / "text.txt").write_text(params["text"])\nreturn {"status": "COMPLETED"}'
TREE = '''
for name in ("b/2.txt", "a.txt"):
    (out / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
    (out / "pictures" / name).write_text(name)
return {"status": "COMPLETED"}
'''


def test_what_a_run_leaves_behind(house):
    step = house.step(house.module("say", SAY), params={"text": "tea"}, bought=True)
    record = house.run(step)
    folder = house.root / "runtime" / "nxlkGI" / "UbjkpxZO" / "one"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "log.txt", "outputs", "outputs/text.txt", "run.json"]
    assert (folder / "log.txt").read_text() == "said\n"
    assert record.outputs == (OutputFile("text", "file", "text.txt", hashlib.sha256(b"tea").hexdigest(), 3,
                                         "text/plain"),)
    assert (record.started_at, record.finished_at, record.duration_s) == (
        "2026-11-24T10:00:01Z", "2026-11-24T10:00:02Z", 1.0)
    assert (record.module_id, record.module_version, record.kind, record.attempts) == ("say", "1.0", "transform", 1)
    assert house.context().record(step.id) == record


def test_a_folder_is_one_output(house):
    step = house.step(house.module("draws", TREE, outputs={"pictures": "pictures/", "none": "none.txt"}))
    record = house.run(step)
    (made,) = record.outputs  # an output that nobody bought may be missing
    assert (made.output_id, made.type, made.path, made.bytes) == ("pictures", "dir", "pictures", 12)
    below = house.step(house.module("takes", '''
        (out / "text.txt").write_text(params["one"] + str(sorted(os.listdir(params["all"]["path"]))))
        return {"status": "COMPLETED"}
    '''), "two", params={"all": Binding(from_step="one", output_id="pictures", as_path="p"),
                         "one": Binding(from_step="one", from_file="pictures/b/2.txt", selector=Selector.TEXT)})
    assert house.run(below).completed
    assert (house.folder(below) / "outputs" / "text.txt").read_text() == "b/2.txt['a.txt', 'b']"


def test_a_file_input_is_a_map(house):
    up = house.step(house.module("say", SAY), "up", params={"text": "tea"})
    made = house.run(up).outputs[0]
    step = house.step(house.module("shows", '''
        import json
        (out / "text.txt").write_text(json.dumps(params["list"]))
        return {"status": "COMPLETED"}
    '''), params={"list": [{"deep": Binding(from_step="up", output_id="text", as_path="a/b.txt")}, 1, None]})
    assert house.run(step).completed
    assert json.loads((house.folder(step) / "outputs" / "text.txt").read_text()) == [{"deep": {
        "path": str(house.folder(up) / "outputs" / "text.txt"), "sha256": made.sha256, "bytes": 3,
        "content_type": "text/plain", "step_id": "up", "module_id": "say", "output_id": "text",
        "as_path": "a/b.txt"}}, 1, None]


def test_the_same_inputs_make_the_same_record(house, tmp_path):
    """In another folder, at another time: the digest of what went in and the outputs do not know where they are."""
    records = []
    for name in ("here", "there"):
        other = type(house)(tmp_path / name)
        records.append(other.run(other.step(other.module("say", SAY), params={"text": "tea"})))
    assert records[0] == records[1]


def test_steps_run_side_by_side(both):
    """Each waits for the other: only two that run at once can end."""
    both.root.mkdir()
    folder = both.root / "meet" / "nxlkGI"
    body = '''
        Path(params["folder"], params["me"]).write_text("x")
        while not Path(params["folder"], params["other"]).exists():
            time.sleep(0.001)
        print("I am", params["me"])
        return {"status": "COMPLETED"}
    '''
    both.profile = replace(both.profile, delivery={"x": {"meet_dir": "meet"}})
    contract = both.module("meets", body, kind=type(both.step(both.module("say", SAY)).kind).DELIVERY)
    steps = [both.step(contract, me, params={"me": me, "other": other, "folder": str(folder)}, timeout_s=60)
             for me, other in (("a", "b"), ("b", "a"))]
    records: dict[str, RunRecord] = {}

    def run(step):
        records[step.id.step_id] = both.run(step)

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST_WAIT_S)
    assert [records[name].status for name in "ab"] == [Status.COMPLETED] * 2
    assert [both.log(step) for step in steps] == ["I am a\n", "I am b\n"]


def test_a_folder_that_a_crash_left_is_removed(house):
    step = house.step(house.module("say", SAY), params={"text": "tea"})
    for name in (".one.new", ".one.old"):
        locked = house.folder(step).parent / name / "outputs" / "locked"
        locked.mkdir(parents=True)
        (locked / "x").write_text("x")
        locked.chmod(0o500)
    assert house.run(step).completed
    assert [path.name for path in house.folder(step).parent.iterdir()] == ["one"]


def test_a_disk_that_refuses_is_a_storage_error_and_no_record(house):
    step = house.step(house.module("say", SAY), params={"text": "tea"})
    house.runtime.mkdir(parents=True)
    (house.runtime / "nxlkGI").write_text("a file where a folder must be")
    with pytest.raises(StorageError, match=r"nxlkGI: is a file where the platform keeps what is its own"):
        house.run(step)


def test_a_record_is_read_as_it_was_written():
    record = RunRecord("nxlkGI", "UbjkpxZO", "one", "say", "1.0", "transform", Status.FAILED, "a" * 64, 1, "r" * 20,
                       "b" * 64, {"x": [1]}, {"step_id": "one"}, (OutputFile("o", "dir", "d", "c" * 64, 3),),
                       "no_tea", "keine \u2615",
                       "process", 2, "", {"bytes": 3}, "2026-11-24T10:00:00Z", "2026-11-24T10:00:01Z", 1)
    assert from_bytes(as_bytes(record)) == record
    step_id = StepId("nxlkGI", "UbjkpxZO", "one")
    assert record.id == step_id
    assert record_file(Path("r"), step_id) == step_dir(Path("r"), step_id) / "run.json"
    assert output_path(Path("r"), step_id, "d/x") == Path("r/nxlkGI/UbjkpxZO/one/outputs/d/x")
