"""What a step may use holds for all its processes together where there is a cgroup: version 1 for
real where this user may make groups, version 2 by the files that it would read and write."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from platform.errors import ForbiddenError
from platform.model.profile import Limits
from platform.model.run import Status
from platform.run import cgroup, killing, run_cgroups
from tests.run.conftest import ROOT, needs_bwrap
from tests.support import LONGEST_WAIT_S, line_of

V1 = """9:name=systemd:/
8:pids:/
4:memory:/one/two
1:cpu,cpuacct:/
0::/
"""
V1_MOUNTS = """24 1 0:22 / /sys rw - sysfs sysfs rw
30 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V2_MOUNTS = "33 24 0:29 / /sys/fs/cg\\040roup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
BELOW_MOUNTS = "33 24 0:29 /docker/c0 /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n"

needs_cgroup = pytest.mark.skipif(
    not run_cgroups.this_run().version, reason=f"no cgroup: {run_cgroups.this_run().lacking}"
)
NOBODY = 65534


@pytest.mark.parametrize(
    ("own", "mounts", "homes"),
    [
        (
            V1,
            V1_MOUNTS,
            {
                "v2": "/sys/fs/cgroup/unified",
                "memory": "/sys/fs/cgroup/memory/one/two",
                "pids": "/sys/fs/cgroup/pids",
            },
        ),
        ("0::/user.slice/run.scope\n", V2_MOUNTS, {"v2": "/sys/fs/cg roup/user.slice/run.scope"}),
        ("0::/docker/c0/one\n", BELOW_MOUNTS, {"v2": "/sys/fs/cgroup/one"}),
        ("0::/docker/c0\n", BELOW_MOUNTS, {"v2": "/sys/fs/cgroup"}),
        ("0::/docker/c01\n", BELOW_MOUNTS, {}),  # outside what is mounted here
        ("0::/../c1\n", V2_MOUNTS, {}),  # outside this cgroup namespace
        ("", "", {}),
        ("0::/\n", "rubbish\n", {}),
    ],
)
def test_where_this_process_is_in_each_hierarchy(own, mounts, homes):
    assert cgroup.homes(own, mounts) == {name: Path(path) for name, path in homes.items()}


@pytest.mark.parametrize(
    ("version", "controllers", "files"),
    [
        (
            "v2",
            {"memory", "pids"},
            [
                ("memory.max", "314572800"),
                ("memory.swap.max", "0"),
                ("memory.oom.group", "1"),
                ("pids.max", "7"),
            ],
        ),
        (
            "v1",
            {"memory"},
            [("memory.limit_in_bytes", "314572800"), ("memory.memsw.limit_in_bytes", "314572800")],
        ),
        ("v1", {"pids"}, [("pids.max", "7")]),
    ],
)
def test_the_limits_as_the_kernel_is_told_them(version, controllers, files):
    told = [
        (file, value)
        for file, value, _ in cgroup.settings(
            version, controllers, Limits(memory_mb=300, processes=7)
        )
    ]
    assert told == files
    assert list(cgroup.settings(version, controllers, Limits(memory_mb=0, processes=0))) == []


def test_a_kernel_without_swap_accounting_still_limits_memory():
    needed = {
        file: must
        for version in ("v1", "v2")
        for file, _, must in cgroup.settings(version, {"memory", "pids"}, Limits())
    }
    assert needed == {
        "memory.limit_in_bytes": True,
        "memory.memsw.limit_in_bytes": False,
        "memory.max": True,
        "memory.swap.max": False,
        "memory.oom.group": False,
        "pids.max": True,
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 3),
        ("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n", 1),
        ("", 0),
    ],
)
def test_how_often_the_kernel_killed_for_memory(text, count):
    assert cgroup.oom_kills(text) == count


# For real, on this machine's own hierarchy

HUNGRY = """
import subprocess
eat = "import sys; x = bytearray(200 << 20); print(len(x), flush=True); sys.stdin.read()"
pipe = subprocess.PIPE
children = [subprocess.Popen([sys.executable, "-c", eat], stdin=pipe, stdout=pipe)
            for _ in range(5)]
said = [child.stdout.readline() for child in children]
(out / "text.txt").write_text(repr(said))
return {"status": "COMPLETED"}
"""
MEMFD = """
handles = [os.memfd_create(str(number)) for number in range(8)]
for handle in handles:
    for _ in range(100):
        os.write(handle, bytes(1 << 20))
(out / "text.txt").write_text("held 800 MB")
return {"status": "COMPLETED"}
"""
TMPFS = """
for number in range(8):
    with open(f"FOLDER/{number}", "wb") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))
(out / "text.txt").write_text("held 800 MB")
return {"status": "COMPLETED"}
"""


@needs_cgroup
@pytest.mark.parametrize("body", [HUNGRY, MEMFD], ids=["five children", "memfds"])
def test_a_step_is_limited_as_a_whole(both, body):
    both.limits(memory_mb=300)
    record = both.run(both.step(both.module("hungry", body)))
    assert (record.status, record.reason) == (Status.FAILED, "out_of_memory")
    assert (
        record.message
        == "its processes together needed more than 300 MB of memory, and one was killed for it"
    )
    assert f"limits hold for the whole step (cgroup {run_cgroups.this_run().version})" in record.isolation


@needs_cgroup
@needs_bwrap
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_files_in_memory_count_as_memory(boxed, folder):
    boxed.limits(memory_mb=300)
    record = boxed.run(boxed.step(boxed.module("hungry", TMPFS.replace("FOLDER", folder))))
    assert (record.status, record.reason) == (Status.FAILED, "out_of_memory")


FORKS = """
import subprocess
children = [subprocess.Popen(["sleep", "60"]) for _ in range(50)]
(out / "text.txt").write_text("50 at once")
return {"status": "COMPLETED"}
"""


@needs_cgroup
def test_the_number_of_processes_is_the_steps_also_for_root(both):
    both.limits(processes=20)
    record = both.run(both.step(both.module("forks", FORKS)))
    assert (record.status, record.reason) == (Status.FAILED, "module_crashed")
    assert "BlockingIOError" in record.message
    both.limits(processes=200)
    assert both.run(both.step(both.module("forks", FORKS))).completed


LEAVES = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        (Path({mark!r})).write_text(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists({mark!r}) or not open({mark!r}).read():
    time.sleep(0.01)
return {{"status": "COMPLETED"}}
"""


def ended(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


@needs_cgroup
def test_who_leaves_the_process_group_of_a_plain_step_ends_with_it(house, tmp_path):
    mark = tmp_path / "pid"
    assert house.run(house.step(house.module("leaves", LEAVES.format(mark=str(mark))))).completed
    assert ended(int(mark.read_text()))


@needs_cgroup
def test_no_group_of_a_step_is_left(both):
    assert both.run(both.step(both.module("say", 'return {"status": "COMPLETED"}'))).completed
    assert [
        path for home in run_cgroups.this_run().folders for path in home.iterdir() if path.is_dir()
    ] == []


@needs_cgroup
def test_a_module_cannot_join_or_fill_a_group_by_a_handle_that_was_left_open(both):
    record = both.run(
        both.step(
            both.module(
                "looks",
                """
        names = []
        for name in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{name}"))
            except OSError:
                pass
        (out / "text.txt").write_text(repr([name for name in names if "cgroup" in name or name.endswith("tasks")]))
        return {"status": "COMPLETED"}
    """,
            ),
            bought=True,
        )
    )
    assert record.completed, record.message
    assert (
        both.folder(both.step(both.module("looks", ""))) / "outputs" / "text.txt"
    ).read_text() == "[]"


PARENT = """
import sys
sys.path.insert(0, {root!r})
import _platform_boot
from pathlib import Path
from platform.run import run_cgroups
from tests.run.conftest import House
house = House(Path({repository!r}))
print(*run_cgroups.this_run().folders, sep="\\n", flush=True)
house.run(house.step(house.module("leaves", {body!r})))
"""


@needs_cgroup
def test_a_run_that_is_killed_leaves_groups_that_the_next_one_removes(house, tmp_path):
    mark = tmp_path / "pid"
    os.mkfifo(mark)
    body = f"""
if os.fork() == 0:
    os.setsid()
    open({str(mark)!r}, "w").write(str(os.getpid()))
    time.sleep(600)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT.format(root=str(ROOT), repository=str(house.root), body=body),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    orphan = int(mark.read_text())
    handle = os.pidfd_open(orphan)
    folders = [Path(line_of(parent.stdout).strip()) for _ in run_cgroups.this_run().folders]
    alive = Path(f"/proc/{orphan}/cgroup").read_text()
    assert folders[0].name in alive
    run_cgroups.remove_left(folders[0].parent)  # its run lives: nothing is touched
    assert all(folder.is_dir() for folder in folders) and not ended(orphan)
    parent.kill()
    parent.wait(timeout=LONGEST_WAIT_S)
    parent.stdout.close()
    for folder in folders:
        run_cgroups.remove_left(folder.parent)
    assert not any(folder.exists() for folder in folders)
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    assert poll.poll(60_000)
    os.close(handle)


def test_a_profile_may_require_it(house, monkeypatch):
    monkeypatch.setattr(
        run_cgroups, "this_run", lambda: run_cgroups.RunCgroups("", (), "this user may not make cgroups")
    )
    house.limits(enforce="cgroup")
    with pytest.raises(
        ForbiddenError, match=r"limits.enforce: cgroup.* this user may not make cgroups; .*doctor"
    ):
        house.run(house.step(house.module("say", 'return {"status": "COMPLETED"}')))


def test_without_one_the_record_says_so(both, monkeypatch):
    monkeypatch.setattr(
        run_cgroups, "this_run", lambda: run_cgroups.RunCgroups("", (), "this user may not make cgroups")
    )
    record = both.run(both.step(both.module("say", 'return {"status": "COMPLETED"}')))
    assert record.completed
    assert (
        "limits hold for each process by itself (this user may not make cgroups)"
        in record.isolation
    )


def test_a_profile_may_do_without_it(both):
    both.limits(enforce="process")
    record = both.run(both.step(both.module("say", 'return {"status": "COMPLETED"}')))
    assert "limits hold for each process by itself (the profile says so)" in record.isolation


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_user_who_may_not_make_groups_is_told_so():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os, subprocess, _platform_boot\n"
            f"from platform.run import run_cgroups\nos.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})\n"
            "print(run_cgroups.this_run())",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "may not make groups" in told.stdout or "systemd gives no scope" in told.stdout, (
        told.stdout + told.stderr
    )


# Version 2, by its files


class Files:
    """A folder that looks like a cgroup of version 2: what is written can be read again."""

    def __init__(
        self,
        home: Path,
        *,
        procs: list[int],
        enabled: str = "",
        controllers: str = "cpu memory pids",
    ) -> None:
        home.mkdir(parents=True)
        (home / "cgroup.controllers").write_text(f"{controllers}\n")
        (home / "cgroup.subtree_control").write_text(f"{enabled}\n")
        (home / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in procs))
        self.home = home


@pytest.mark.parametrize(
    ("procs", "enabled", "moved", "wrote"),
    [
        (
            [1, 2],
            "memory pids",
            False,
            "memory pids\n",
        ),  # delegated with its controllers: nothing to prepare
        (
            ["own"],
            "",
            True,
            "+memory +pids",
        ),  # a scope that is only ours: out of its root, then controllers
    ],
)
def test_v2_is_prepared_only_where_nobody_else_is(tmp_path, procs, enabled, moved, wrote):
    home = Files(
        tmp_path / "scope",
        procs=[os.getpid() if pid == "own" else pid for pid in procs],
        enabled=enabled,
    ).home
    assert run_cgroups.prepared(home, os.getpid()) == ""
    assert (home / "cgroup.subtree_control").read_text() == wrote
    inner = [path for path in home.iterdir() if path.is_dir()]
    assert bool(inner) is moved
    if moved:
        assert (inner[0] / "cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize(
    ("procs", "controllers", "why"),
    [
        ([1, 2], "memory pids", "other processes"),
        (["own"], "cpu", "no memory and pids controllers"),
    ],
)
def test_v2_is_left_alone_where_others_are_or_nothing_can_be_limited(
    tmp_path, procs, controllers, why
):
    home = Files(
        tmp_path / "scope",
        procs=[os.getpid() if pid == "own" else pid for pid in procs],
        controllers=controllers,
    ).home
    assert why in run_cgroups.prepared(home, os.getpid())
    assert [path for path in home.iterdir() if path.is_dir()] == []


def test_a_scope_is_asked_of_systemd_once_for_this_very_process(tmp_path, monkeypatch):
    """Without a systemd to talk to: what it would be told."""
    busctl = tmp_path / "busctl"
    busctl.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> {tmp_path}/asked\nexit 1\n")
    busctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "systemd gives no scope" in run_cgroups.scope("platform-7", 7, root=False)
    asked = (tmp_path / "asked").read_text()
    assert asked == (
        "--user --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
        "org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) platform-7.scope fail 3 "
        "PIDs au 1 7 Delegate b true CollectMode s inactive-or-failed 0\n"
    )


UNIFIED = Path("/sys/fs/cgroup/unified")


@pytest.mark.skipif(
    not os.access(UNIFIED, os.W_OK) or not (UNIFIED / "cgroup.procs").exists(),
    reason="no writable cgroup2 without controllers is mounted here",
)
def test_joining_killing_and_removing_in_a_real_v2_hierarchy():
    """Its controllers belong to version 1 here, so no limit can be set; everything else is the real
    thing."""
    run = run_cgroups.RunCgroups("v2", (run_cgroups.made(UNIFIED),), "")
    try:
        with run.step(Limits(memory_mb=0, processes=0)) as entered:
            child = subprocess.Popen(
                ["bash", "-c", f"echo 0 >&{entered.handles[0]}; setsid sleep 600 & echo; wait"],
                pass_fds=entered.handles,
                stdout=subprocess.PIPE,
            )
            line_of(child.stdout)
            (folder,) = entered.folders
            assert str(child.pid) in (folder / "cgroup.procs").read_text().split()
            entered.kill()
            assert child.wait(timeout=LONGEST_WAIT_S) == -signal.SIGKILL
            child.stdout.close()
            assert entered.oom_kills() == 0
        assert not folder.exists()
    finally:
        run.close()
    assert not run.folders[0].exists()


DELEGATED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
import _platform_boot
from platform.run import cgroup, run_cgroups, scope
from platform.model.profile import Limits
from tests.run.conftest import House
Path({home!r}, "cgroup.procs").write_text("0")
found = cgroup.homes
cgroup.homes = lambda *texts: {{"v2": found(*texts)["v2"]}}
cgroup.CONTROLLERS = scope.CONTROLLERS = run_cgroups.CONTROLLERS = frozenset({{"hugetlb"}})
house = House(Path({repository!r}))
house.limits(memory_mb=0, processes=0)
record = house.run(house.step(house.module("leaves", {body!r}), bought=True))
print(record.status, record.isolation)
print((house.runtime / "nxlkGI/UbjkpxZO/one/outputs/text.txt").read_text().strip())
print(Path("/proc/self/cgroup").read_text().splitlines()[-1])
run_cgroups.remove_left(Path({home!r}))
print("alive")
"""


@pytest.fixture
def delegated():
    """A group of a real version 2 hierarchy that has a controller, as a systemd scope would be. The
    one controller that is free where version 1 has the others limits nothing that a step uses; all
    but the limits is the real thing."""
    if os.getuid() != 0 or "hugetlb" not in _words(UNIFIED / "cgroup.controllers"):
        pytest.skip("no version 2 hierarchy here has a controller to give away")
    before = "hugetlb" in _words(UNIFIED / "cgroup.subtree_control")
    if not before:
        (UNIFIED / "cgroup.subtree_control").write_text("+hugetlb")
    home = UNIFIED / f"delegated-{os.getpid()}"
    home.mkdir()
    yield home
    killing.remove(home)
    if not before:
        with contextlib.suppress(OSError):  # another test has a group there
            (UNIFIED / "cgroup.subtree_control").write_text("-hugetlb")


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


@pytest.mark.slow
def test_a_delegated_group_is_divided_and_its_steps_are_ended(delegated, house, tmp_path):
    mark = tmp_path / "pid"
    body = '(out / "text.txt").write_text(open("/proc/self/cgroup").read().splitlines()[-1])\n'
    body += LEAVES.format(mark=str(mark))
    script = DELEGATED.format(
        root=str(ROOT), home=str(delegated), repository=str(house.root), body=body
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    ran, inside, itself, alive = told.stdout.splitlines()
    assert ran.startswith("COMPLETED") and "limits hold for the whole step (cgroup v2)" in ran
    assert re.fullmatch(rf"0::/{delegated.name}/platform-\d+-\d+/step-\d+", inside)
    assert (itself, alive) == (f"0::/{delegated.name}/main", "alive")
    assert ended(int(mark.read_text()))
    assert [path.name for path in delegated.iterdir() if path.is_dir()] == ["main"]


def test_what_dead_runs_left_in_their_scopes_is_removed_from_another_one(tmp_path):
    mine, dead, living = (tmp_path / f"platform-{number}.scope" for number in (1, 2, 3))
    for scope in (mine, dead, living):
        (scope / "platform-9-0").mkdir(parents=True)
    lock = os.open(living / "platform-9-0", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        run_cgroups.remove_left_of_scopes(mine)
        assert not (dead / "platform-9-0").exists()
        assert (living / "platform-9-0").exists()
    finally:
        os.close(lock)
