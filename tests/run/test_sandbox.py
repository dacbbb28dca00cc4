"""Inside bubblewrap there is what the step was given, and nothing else; without it the record says so."""
from pathlib import Path

import pytest

from platform.errors import ForbiddenError
from platform.model.order import Binding
from platform.model.profile import Limits, Profile
from platform.run.sandbox import Access, Machine, bubblewrap, isolation
from tests.run.conftest import needs_bwrap

WITH = Machine("/venv/bin/python", ("/py", "/venv"), ("/venv/lib/site",), bwrap="/usr/bin/bwrap", filter=b"x")
WITHOUT = Machine("/venv/bin/python", ("/py", "/venv"), ("/venv/lib/site",), lacking="bubblewrap is not installed",
                  filter=b"x")

BOXED = "bubblewrap: own namespaces, no network, of the disk only what the step was given"
PLAIN = "process: own process group; disk and network are not shut off"
CHOICES = [
    ("auto", WITH, False, BOXED), ("bubblewrap", WITH, False, BOXED),
    ("auto", WITH, True, "bubblewrap: own namespaces, the network, of the disk only what the step was given"),
    ("process", WITH, False, f"{PLAIN} (the profile says so)"),
    ("auto", WITHOUT, False, f"{PLAIN} (bubblewrap is not installed)"),
]
LIMITED = [
    ("auto", "v2", True, "limits hold for the whole step (cgroup v2)"),
    ("cgroup", "v1", True, "limits hold for the whole step (cgroup v1)"),
    ("process", "v1", False, "limits hold for each process by itself (the profile says so)"),
    ("auto", "", False, "limits hold for each process by itself (nothing is mounted)"),
]


@pytest.mark.parametrize(("wanted", "machine", "network", "words"), CHOICES)
@pytest.mark.parametrize(("enforce", "version", "grouped", "limits"), LIMITED)
def test_the_record_says_in_words_what_was_used(wanted, machine, network, words, enforce, version, grouped, limits):
    profile = Profile(sandbox=wanted, limits=Limits(enforce=enforce))
    chosen = isolation(profile, machine, network, version, "" if version else "nothing is mounted")
    assert chosen.words == f"{words}; system calls are filtered; {limits}"
    assert (chosen.bubblewrap, chosen.cgroup) == (words.startswith("bubblewrap"), grouped)


def test_a_profile_that_demands_bubblewrap_gets_it_or_nothing_runs():
    with pytest.raises(ForbiddenError, match=r"demands bubblewrap .* and bubblewrap is not installed; install it, or"):
        isolation(Profile(sandbox="bubblewrap"), WITHOUT, False, "v2", "")


def test_the_command_line_mounts_what_the_step_was_given():
    access = Access((Path("/m/say"), Path("/in.csv")), (Path("/out"),), Path("/scratch"), optional=(Path("/ours"),),
                memory_bytes=7 << 20)
    line = bubblewrap(access, WITH)
    text = " ".join(line)
    for mount in ("--ro-bind /m/say /m/say", "--ro-bind /in.csv /in.csv", "--bind /out /out", "--chdir /scratch",
                  "--ro-bind-try /ours /ours", "--ro-bind-try /py/bin /py/bin", "--unshare-net", "--unshare-pid",
                  "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session",
                  "--size 7340032 --tmpfs /tmp", "--size 7340032 --tmpfs /dev/shm", "--remount-ro /dev"):
        assert mount in text
    assert "/etc/resolv.conf" not in line and "/venv /venv" not in text
    online = bubblewrap(Access((), (), Path("/scratch"), network=True), WITH)
    assert "--unshare-net" not in online and "/etc/resolv.conf" in online


PEEK = '''
def can_read(path):
    try:
        return bool(os.listdir(path)) if os.path.isdir(path) else bool(open(path).read())
    except OSError:
        return False

(out / "text.txt").write_text(repr([can_read(path) for path in params["paths"]]))
return {"status": "COMPLETED"}
'''


def test_it_cannot_read_the_ledger_another_tenant_or_another_step(both):
    """What is bound it can read; the rest is not there. A plain process can, and its record says so."""
    say = both.module("say", '(out / "text.txt").write_text("tea")\nreturn {"status": "COMPLETED"}')
    bound, other = both.step(say, "bound"), both.step(say, "other")
    stranger = both.step(say, "one", tenant="AbCdEf")
    for step in (bound, other, stranger):
        both.run(step)
    (both.root / ".billing-state").mkdir()
    (both.root / ".billing-state" / "journal.csv").write_text("x")
    hidden = [str(both.root / ".billing-state"), str(both.root / ".billing-state" / "journal.csv"),
              str(both.folder(other) / "outputs" / "text.txt"), str(both.folder(other) / "run.json"),
              str(both.folder(stranger) / "outputs"), str(both.runtime / "cache"), str(Path(__file__))]
    shown = [str(both.folder(bound) / "outputs" / "text.txt"), str(both.root / "modules" / "peek" / "src")]
    step = both.step(both.module("peek", PEEK), "peek", upstream=("bound",), params={
        "paths": hidden + shown, "text": Binding(from_step="bound", output_id="text")}, bought=True)
    record = both.run(step)
    seen = (both.folder(step) / "outputs" / "text.txt").read_text()
    open_house = both.profile.sandbox == "process"
    assert seen == repr([open_house] * len(hidden) + [True, True])
    assert ("not shut off" in record.isolation) is open_house


@needs_bwrap
def test_it_can_write_its_outputs_and_its_scratch_folder_only(house):
    house.profile = type(house.profile)(sandbox="bubblewrap")
    say = house.module("say", '(out / "text.txt").write_text("tea")\nreturn {"status": "COMPLETED"}')
    bound = house.step(say, "bound")
    house.run(bound)
    step = house.step(house.module("scribbles", '''
        def can_write(path):
            try:
                with open(path, "a") as file:
                    file.write("x")
                return True
            except OSError:
                return False

        (out / "text.txt").write_text(repr([can_write(path) for path in [
            params["in"]["path"], __file__, out.parent / "run.json", out.parent / "log.txt", "/usr/x", "/etc/x",
            "scratch.txt", "/tmp/x"]]))
        return {"status": "COMPLETED"}
    '''), "two", params={"in": Binding(from_step="bound", output_id="text")}, bought=True)
    record = house.run(step)
    assert record.completed, record.message
    wrote = (house.folder(step) / "outputs" / "text.txt").read_text()
    # Beside its outputs there is an empty /tmp of its own (this test lies there): what it writes is gone with it.
    assert wrote == "[False, False, True, True, False, False, True, True]"
    assert house.context().record(step.id) == record
    assert house.log(step) == "" and (house.folder(bound) / "outputs" / "text.txt").read_text() == "tea"


@needs_bwrap
@pytest.mark.parametrize(("network", "external", "seen"), [
    (False, False, ["lo"]), (True, False, None), (True, True, ["lo"])], ids=["asks not", "asks", "asks, recorded"])
def test_it_has_the_network_only_when_its_contract_asks_and_it_is_not_recorded(house, network, external, seen):
    house.profile = type(house.profile)(sandbox="bubblewrap")
    step = house.step(house.module("asks", '''
        (out / "text.txt").write_text(" ".join(sorted(os.listdir("/sys/class/net") if os.path.exists("/sys") else [
            line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]])))
        return {"status": "COMPLETED"}
    ''', network=network, external=external), bought=True)
    assert house.run(step).completed
    interfaces = (house.folder(step) / "outputs" / "text.txt").read_text().split()
    assert interfaces == (seen or sorted(path.name for path in Path("/sys/class/net").iterdir()))


@needs_bwrap
def test_it_sees_no_process_but_its_own(house):
    house.profile = type(house.profile)(sandbox="bubblewrap")
    step = house.step(house.module("looks", '''
        (out / "text.txt").write_text(str(sum(name.isdigit() for name in os.listdir("/proc"))))
        return {"status": "COMPLETED"}
    '''), bought=True)
    assert house.run(step).completed
    assert (house.folder(step) / "outputs" / "text.txt").read_text() == "2"  # bubblewrap's init and itself
