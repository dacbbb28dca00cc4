"""What a step may use is limited, and its end is certain: nothing of it runs on."""
import os
import select
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from platform.errors import PlatformError
from platform.model.order import Kind
from platform.model.run import Status
from platform.run.job import time_limit_s
from tests.support import LONGEST_WAIT_S

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


@pytest.mark.parametrize("folders", [["/tmp"], ["/dev/shm"], ["/tmp", "/dev/shm"]])
def test_what_is_kept_in_memory_counts_as_written(boxed, folders):
    """None of them alone is too much in the last case: they count together, and with what is on disk."""
    boxed.limits(output_mb=8, enforce="process")
    record = boxed.run(boxed.step(boxed.module("hoards", f'''
        (out / "text.txt").write_bytes(bytes(3 << 20))
        for folder in {folders}:
            with open(folder + "/file", "wb") as file:
                file.write(bytes(6 << 20))
        while True:
            time.sleep(1)
    ''')))
    assert (record.reason, record.message) == ("output_too_large", "it wrote more than 8 MB and was ended")


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/dev", "/dev/mqueue", "/"])
def test_no_folder_in_memory_is_without_a_size(boxed, folder):
    boxed.limits(output_mb=8)
    record = boxed.run(boxed.step(boxed.module("hoards", f'''
        try:
            with open("{folder}/file", "wb") as file:
                for _ in range(9):
                    file.write(bytes(1 << 20))
        except OSError as error:
            (out / "text.txt").write_text(os.strerror(error.errno))
        return {{"status": "COMPLETED"}}
    '''), bought=True))
    assert record.completed, record.message
    said = (boxed.folder(boxed.step(boxed.module("hoards", ""))) / "outputs" / "text.txt").read_text()
    assert said in (["No space left on device"] if folder in ("/tmp", "/dev/shm") else
                    ["Read-only file system", "No such file or directory"])


STOPPED = '''
if os.fork() == 0:
    os.setsid()
    os.kill({victim}, 19)
    time.sleep(600)
time.sleep(600)
'''


@pytest.mark.parametrize("victim", ["os.getppid()", "0"], ids=["the child", "its group"])
def test_a_step_that_is_stopped_by_a_signal_is_still_ended_by_the_timeout(both, victim):
    record = both.run(both.step(both.module("stopped", STOPPED.format(victim=victim)), timeout_s=1))
    assert (record.status, record.reason) == (Status.FAILED, "timed_out")


TRACED = '''
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getpid()
libc.prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)
if os.fork() == 0:
    attached = libc.ptrace(16, parent, 0, 0)
    os.write(1, f"attached {attached}\\n".encode())
    time.sleep(600)
time.sleep(600)
'''


@pytest.mark.parametrize("filtered", [True, False])
def test_a_step_that_is_traced_is_still_ended_by_the_timeout(both, monkeypatch, filtered):
    if not filtered:
        from dataclasses import replace

        from platform.run import machine
        from platform.run.executors import local
        bare = replace(machine.this_machine(), filter=b"", unfiltered="a test")
        for place in (machine, local):
            monkeypatch.setattr(place, "this_machine", lambda: bare)
    step_ = both.step(both.module("traced", TRACED), timeout_s=1)
    record = both.run(step_)
    assert (record.status, record.reason) == (Status.FAILED, "timed_out")
    assert both.log(step_) == ("attached -1\n" if filtered else "attached 0\n")


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
    house.executor.shutdown()
    thread.join(timeout=LONGEST_WAIT_S)
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
    parent.wait(timeout=LONGEST_WAIT_S)
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


@pytest.mark.parametrize(("settings", "timeout_s", "limit_s"), [
    ({"transport": "smtp"}, None, 300 + 600 + 30), ({"transport": "smtp"}, 20, 20 + 600 + 30),
    ({"transport": "smtp", "answer_timeout_s": 5}, 20, 20 + 5 + 30), ({"transport": "outbox"}, 20, 20)])
def test_the_limit_of_a_mail_does_not_cut_off_the_servers_answer(house, settings, timeout_s, limit_s):
    """A step's `timeout_s` ends where the server has the message; its answer may take what RFC 5321 allows."""
    house.profile = replace(house.profile, delivery={"email": settings})
    mail = house.step(house.module("sends", "return 1", kind=Kind.DELIVERY, network=True), timeout_s=timeout_s)
    assert time_limit_s(house.profile, mail) == limit_s
    other = house.step(house.module("calls", "return 1", network=True), timeout_s=20)
    assert time_limit_s(house.profile, other) == 20
