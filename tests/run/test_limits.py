"""What a step may use is limited, and its end is certain: nothing of it runs on."""
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from platform.errors import PlatformError
from platform.model.run import Status
from platform.run.worker import stop_all

SLEEPS = '''
import subprocess
child = subprocess.Popen(["sleep", "600"])
(Path({mark!r})).write_text(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
'''


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped by init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_time_out_ends_the_grandchildren_too(house, tmp_path):
    mark = tmp_path / "pids"
    step = house.step(house.module("sleeps", SLEEPS.format(mark=str(mark))), timeout_s=1)
    record = house.run(step)
    assert (record.status, record.reason) == (Status.FAILED, "timed_out")
    assert record.message == "it ran longer than 1 s and was ended"
    assert [alive(int(pid)) for pid in mark.read_text().split()] == [False, False]


def test_what_a_step_leaves_running_ends_with_it(both):
    """In the background, with the log still open: the step ends all the same, and so does it."""
    step = both.step(both.module("leaves", '''
        import subprocess
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return {"status": "COMPLETED"}
    '''))
    assert both.run(step).completed
    assert str(both.root) not in subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True,
                                                check=True).stdout


def test_too_much_memory_is_a_crash(both):
    both.limits(memory_mb=300)
    record = both.run(both.step(both.module("hungry", 'x = bytearray(1 << 30)\nreturn {"status": "COMPLETED"}')))
    assert (record.reason, record.message.strip()) == ("module_crashed", "MemoryError:")


def test_one_file_and_all_files_together_may_be_too_large(both):
    both.limits(file_mb=1, output_mb=2)
    body = '''
        for name in {names}:
            (out / "many").mkdir(exist_ok=True)
            (out / "many" / name).write_bytes(bytes({size}))
        return {{"status": "COMPLETED"}}
    '''
    contract = both.module("writes", body.format(names=["a"], size=(1 << 20) + 1), outputs={"many": "many/"})
    assert both.run(both.step(contract)).reason == "output_too_large"
    contract = both.module("writes", body.format(names=["a", "b", "c"], size=1 << 20), outputs={"many": "many/"})
    record = both.run(both.step(contract))
    assert (record.reason, record.message) == ("output_too_large",
                                               "the outputs have 3145728 bytes, 2097152 are allowed")
    contract = both.module("writes", body.format(names=["a", "b"], size=1 << 20), outputs={"many": "many/"})
    assert both.run(both.step(contract)).completed


def test_a_step_that_never_stops_writing_is_ended(house):
    house.limits(output_mb=2)
    record = house.run(house.step(house.module("writes", '''
        (out / "text.txt").write_bytes(bytes(3 << 20))
        while True:
            print("more")
    ''')))
    assert (record.reason, record.message) == ("output_too_large", "it wrote more than 2 MB and was ended")


def test_a_step_that_is_stopped_keeps_its_old_record_and_runs_again(house, tmp_path):
    mark = tmp_path / "pids"
    os.mkfifo(mark)
    contract = house.module("sleeps", SLEEPS.format(mark=str(mark)))
    ended: list[PlatformError] = []

    def run() -> None:
        try:
            house.run(house.step(contract))
        except PlatformError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    pids = [int(pid) for pid in mark.read_text().split()]
    stop_all()
    thread.join()
    assert [str(error) for error in ended] == ["a step was stopped in the middle; run the same command again"]
    assert [alive(pid) for pid in pids] == [False, False]
    assert list(house.folder(house.step(contract)).parent.iterdir()) == []


PARENT = '''
import sys
sys.path.insert(0, {root!r})
import _platform_boot
from pathlib import Path
from tests.run.conftest import House
house = House(Path({repository!r}))
step = house.step(house.module("sleeps", {body!r}))
house.run(step)
'''


@pytest.mark.parametrize("sandbox", ["process", "auto"])
def test_a_parent_that_is_killed_leaves_nothing_running_and_no_half_result(house, tmp_path, sandbox):
    """kill -9 in the middle of a step that had already written an output: the old result stands, whole."""
    step = house.step(house.module("sleeps", '(out / "text.txt").write_text("old")\nreturn {"status": "COMPLETED"}'))
    old = house.run(step)
    mark = tmp_path / "pids"
    os.mkfifo(mark)
    body = '(out / "text.txt").write_text("half")\n' + SLEEPS.format(mark=str(mark))
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(root=str(root), repository=str(house.root),
                                                                   body=body)], cwd=root)
    child, grandchild = (int(pid) for pid in mark.read_text().split())
    handles = [os.pidfd_open(pid) for pid in (child, grandchild)]
    parent.kill()
    parent.wait()
    for handle in handles:
        ended = select.poll()  # select() knows no handle above 1,023
        ended.register(handle, select.POLLIN)
        assert ended.poll(60_000), "it outlived the run by a minute"
        os.close(handle)
    assert (house.folder(step) / "outputs" / "text.txt").read_text() == "old"
    assert house.context().record(step.id) == old
    house.module("sleeps", '(out / "text.txt").write_text("new")\nreturn {"status": "COMPLETED"}')
    assert house.run(step).completed
    assert [path.name for path in house.folder(step).parent.iterdir()] == ["one"]


def test_a_tenants_timeout_cannot_exceed_the_operators(house):
    house.limits(timeout_s=1)
    record = house.run(house.step(house.module("sleeps", "time.sleep(600)"), timeout_s=86400))
    assert record.message == "it ran longer than 1 s and was ended"
