"""`doctor` says what a machine gives by trying it: with bubblewrap and without, as root and as
somebody else."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platform.run import run_cgroups
from platform.run.machine import this_machine
from platform.verify import host, places
from platform.verify.finding import Finding, findings_summary, lines, verdict
from tests.run.conftest import needs_bwrap
from tests.support import BOOT, ROOT, command, repository, shipped

DOCTOR = "python -m platform.cli doctor"
NOBODY = 65534


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shipped(tmp_path / "repo")


def found(told: subprocess.CompletedProcess[str]) -> dict[str, dict[str, object]]:
    return {finding["what"]: finding for finding in json.loads(told.stdout)["findings"]}


def demand(repo: Path, old: str, new: str) -> None:
    file = repo / "config" / "runtime_profile.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@needs_bwrap
def test_where_all_is_there_every_fence_holds(repo: Path) -> None:
    told = command(repo, f"{DOCTOR} --json")
    assert told.returncode == 0, told.stdout + told.stderr
    seen = found(told)
    assert [seen[what]["state"] for what in ("bubblewrap", "namespaces", "network jail")] == [
        "ok"
    ] * 3
    assert seen["network jail"]["found"] == "a step without network access reached nothing"
    assert (seen["seccomp"]["state"] == "ok") is bool(this_machine().filter)
    assert (seen["cgroup"]["state"] == "ok") is bool(run_cgroups.this_run().version)
    assert list(seen)[4:] == [
        "cgroup", "clock", "encoding", "Python", "Graphviz", "disk: billing state", "disk: runtime"
    ]
    assert (
        not (repo / ".billing-state").exists() and not (repo / "runtime").exists()
    )  # it only looks
    assert [path.name for path in repo.iterdir() if path.name.startswith(".doctor")] == []


def test_without_bubblewrap_it_shows_what_a_step_reaches(repo: Path, without_bwrap: str) -> None:
    told = command(repo, DOCTOR, PATH=without_bwrap)
    assert told.returncode == 0, told.stdout + told.stderr
    text = told.stdout
    assert "missing  bubblewrap            bubblewrap is not installed\n" in text
    assert (
        "missing  network jail          a step without network access reached 127.0.0.1 and an abstract socket\n"
        in text
    )
    assert "do: apt-get install bubblewrap" in text
    assert text.splitlines()[-1].endswith("this machine has what the profile local demands")


def test_a_profile_that_demands_more_is_17(repo: Path, without_bwrap: str) -> None:
    demand(repo, "sandbox: auto", "sandbox: bubblewrap")
    told = command(repo, f"{DOCTOR} --json", PATH=without_bwrap)
    assert told.returncode == 17
    result = json.loads(told.stdout)
    assert (result["ok"], result["lacking"]) == (
        False,
        ["bubblewrap", "namespaces", "network jail"],
    )
    text = command(repo, DOCTOR, PATH=without_bwrap)
    assert text.returncode == 17
    assert "means: the profile demands it; " in text.stdout
    assert text.stdout.endswith(
        "this machine lacks what the profile local demands: bubblewrap, namespaces, network jail\n"
    )


def test_a_profile_with_an_error_is_10_and_one_that_is_not_there_2(repo: Path) -> None:
    assert command(repo, f"{DOCTOR} --runtime-profile config/none.yml").returncode == 2
    demand(repo, "sandbox: auto", "sandbox: bubblewrapp")
    told = command(repo, DOCTOR)
    assert (told.returncode, "config/runtime_profile.yml:" in told.stderr) == (10, True)


def test_a_profile_that_does_without_is_told_what_that_means(repo: Path) -> None:
    demand(repo, "sandbox: auto", "sandbox: process")
    demand(repo, "enforce: auto", "enforce: process")
    seen = found(command(repo, f"{DOCTOR} --json"))
    if this_machine().bwrap:
        assert "but the profile does not use it" in seen["bubblewrap"]["found"]
        assert seen["bubblewrap"]["state"] == "warning"
    if run_cgroups.this_run().version:
        assert seen["cgroup"]["state"] == "warning"


@pytest.fixture
def of_nobody() -> Iterator[Path]:
    """A repository that belongs to a user who is not root, where that user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="doctor-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        repo = shipped(folder / "repo")
        for path in (repo, *repo.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        yield repo
    finally:
        shutil.rmtree(folder)


IN_REACH = r"""
set -e
mount --bind "$1" /mnt
mount -t tmpfs -o mode=755 none /root
mkdir -p "$1"
mount --move /mnt "$1"
shift
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""


@pytest.mark.slow
@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="only root can become somebody else"
)
def test_as_somebody_else(of_nobody: Path) -> None:
    """With Python's folder in reach, which is below root's home on some machines."""
    home = Path(sys.base_prefix).resolve()
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if home.is_relative_to("/root"):
        tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
        if tried.returncode or ROOT.is_relative_to("/root"):
            pytest.skip("Python lies below root's home, and cannot be shown elsewhere here")
        words = ["unshare", "--mount", "sh", "-c", IN_REACH, "sh", str(home)]
    boot = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import _platform_boot; "
    line = [
        *words,
        sys.executable,
        "-c",
        f"{boot}sys.argv[1:] = ['doctor', '--json']; sys.exit(_platform_boot.main())",
    ]
    told = subprocess.run(
        line,
        cwd=of_nobody,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/tmp"},
    )
    assert told.returncode == 0, told.stdout + told.stderr
    seen = found(told)
    assert seen["cgroup"]["state"] == "missing" or seen["cgroup"]["found"].startswith("v2")
    assert seen["disk: billing state"]["state"] != "missing"
    # Root's folder of the same shape cannot be written by them.
    of_root = of_nobody.parent / "of_root"
    of_root.mkdir(mode=0o755)
    line[-1] = line[-1].replace("'--json'", f"'--json', '--billing-state-dir', {str(of_root)!r}")
    seen = found(
        subprocess.run(
            line,
            cwd=of_nobody,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/tmp"},
        )
    )
    assert seen["disk: billing state"]["state"] == "missing"
    assert "Permission denied" in seen["disk: billing state"]["found"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take /proc away")
@pytest.mark.parametrize("way", ["mount -t tmpfs none /proc", "ulimit -n 10"])
def test_a_machine_that_lacks_most_is_told_and_no_traceback(repo: Path, way: str) -> None:
    """No /proc, or hardly a handle: every finding is there all the same."""
    words = ["sh", "-c", f'{way} && exec "$@"', "sh", sys.executable, "-c", BOOT, "doctor", "--json"]
    told = subprocess.run(["unshare", "--mount", *words], cwd=repo, capture_output=True, text=True,
                          check=False, env={"PATH": os.environ["PATH"]})
    if "unshare failed" in told.stderr or "permission denied" in told.stderr:
        pytest.skip("no mount namespace of one's own here")
    assert (told.returncode, told.stderr) == (0, "")
    assert {"bubblewrap", "seccomp", "disk: runtime"} <= found(told).keys()


# Findings one by one


def test_a_path_that_nobody_can_look_at_is_told(tmp_path: Path) -> None:
    long, loop, nowhere = tmp_path / ("a" * 300), tmp_path / "loop", tmp_path / "nowhere"
    loop.symlink_to(loop)
    nowhere.symlink_to(tmp_path / "gone")
    for path, why in ((long, "File name too long"), (loop, "Too many levels"), (nowhere, "No such file")):
        seen = places.disk("runtime", path / "below", 0)
        assert (seen.state, why in seen.found) == ("missing", True)
    (seen,) = places.readers({"key": long})
    assert (seen.state, "File name too long" in seen.found) == ("warning", True)
    (seen,) = places.readers({"key": loop})
    assert (seen.state, "Too many levels" in seen.found) == ("warning", True)
    assert list(places.readers({"key": tmp_path / "none"})) == []


def test_a_clock_behind_the_last_post_is_told(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    assert command(repo, "python -m platform.cli state init").returncode in (0, 2, 17)
    assert command(repo, "doit run").returncode in (0, 1)
    last = host.last_post(repo / ".billing-state")
    assert last.startswith("20") and last.endswith("Z")
    assert host.clock(datetime(2100, 1, 1, tzinfo=UTC), last).state == "ok"
    behind = host.clock(datetime(2026, 1, 2, tzinfo=UTC), last)
    assert (behind.state, last in behind.found) == ("warning", True)
    assert host.clock(datetime(1970, 1, 1, tzinfo=UTC), "").state == "warning"


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"seq,ts,key,tenant_id,kind,body,prev,hash\n",
        b"\xff\xfe,\xff,x\n",
        b"1,never,x\n",
    ],
)
def test_a_journal_without_a_time_says_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "journal.csv").write_bytes(content)
    assert host.last_post(tmp_path) == ""


@pytest.mark.parametrize(
    ("files", "texts", "state"),
    [
        ("utf-8", "UTF-8", "ok"),
        ("utf-8", "utf8", "ok"),
        ("ascii", "UTF-8", "warning"),
        ("utf-8", "ANSI_X3.4-1968", "warning"),
        ("utf-8", "ISO-8859-1", "warning"),
    ],
)
def test_an_encoding_that_is_not_utf_8_is_told(files: str, texts: str, state: str) -> None:
    assert host.encoding(files, texts).state == state


def test_graphviz_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (host.graphviz().state, "dot" in host.graphviz().found) == ("missing", True)


def test_a_folder_that_is_not_there_is_judged_by_the_one_it_will_be_in(tmp_path: Path) -> None:
    seen = places.disk("runtime", tmp_path / "a" / "b", 0)
    assert seen.state in ("ok", "warning") and f"{tmp_path}: written and synced" in seen.found
    assert list(tmp_path.iterdir()) == []


def test_little_space_and_memory_are_told(tmp_path: Path) -> None:
    assert "one step may write" in places.disk("runtime", tmp_path, 1 << 60).means
    assert places.disk("runtime", Path("/dev/shm"), 0).means.startswith("it is in memory")


@pytest.mark.parametrize("refused", ["fsync", "write"])
def test_a_disk_that_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, refused, refuse)
    seen = places.disk("runtime", tmp_path, 0)
    monkeypatch.undo()
    assert (seen.state, "Input/output error" in seen.found) == ("missing", True)
    assert list(tmp_path.iterdir()) == []


def test_eatmydata_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LD_PRELOAD", "libeatmydata.so")
    assert "power cut" in places.disk("runtime", tmp_path, 0).means


MOUNTS = """1 0 8:1 / / rw - ext4 /dev/sda rw
2 1 0:5 / /srv/my\\040files rw - nfs4 host:/x rw
3 1 0:6 / /srv rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/etc", "ext4"), ("/srv", "xfs"), ("/srvx", "ext4"), ("/srv/my files/x", "nfs4")],
)
def test_the_type_of_a_file_system_is_that_of_the_innermost_mount(folder: str, kind: str) -> None:
    assert places.file_system(Path(folder), MOUNTS) == kind
    assert places.file_system(Path(folder), "") == "unknown"


@pytest.fixture
def reachable() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="doctor-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("mode", "secret", "means"),
    [
        (0o600, False, ""),
        (0o640, False, ""),
        (0o644, False, "every user of this machine can read it"),
        (0o666, False, "every user of this machine can change it"),
        (0o600, True, ""),
        (0o640, True, "others can read a private key"),
        (0o604, True, "others can read a private key"),
    ],
)
def test_who_may_read(reachable: Path, mode: int, secret: bool, means: str) -> None:
    file = reachable / "file"
    file.touch()
    file.chmod(mode)
    seen = places.reader("x", file, secret=secret)
    assert (seen.state, seen.means.startswith(means)) == ("warning" if means else "ok", True)
    reachable.chmod(0o700)  # nobody else gets there
    assert places.reader("x", file, secret=False).state == "ok"


def test_a_folder_of_another_user_is_told(reachable: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    reachable.chmod(0o700)
    os.chown(reachable, NOBODY, NOBODY)
    assert "can change it" in places.reader("x", reachable, secret=False).means


def test_the_lines_and_the_verdict() -> None:
    findings = [
        Finding("a", "ok", "here"),
        Finding("b", "missing", "none", "it leaks", "repair it", required=True),
        Finding("c", "missing", "none", "nothing", "buy it"),
    ]
    under = " " * 31
    assert list(lines(findings)) == [
        "ok       a                     here",
        "missing  b                     none",
        f"{under}means: the profile demands it; it leaks",
        f"{under}do: repair it",
        "missing  c                     none",
        f"{under}means: nothing",
        f"{under}do: buy it",
    ]
    result = verdict(findings, "ci")
    assert (result["ok"], result["lacking"]) == (False, ["b"])
    assert (
        findings_summary(result) == "1 ok, 0 warning, 2 missing; this machine lacks what the profile ci demands: b"
    )
    assert (
        findings_summary(verdict(findings[:1], "ci"))
        == "1 ok, 0 warning, 0 missing; this machine has what the profile ci demands"
    )
