"""A state that was deleted, or restored whole from an old backup, is noticed before the first post (14)."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.state.remembered import Memory, places, state_home
from tests.support import TEA, command, repository, rows

CLI = "python -m platform.cli"
TOPUP = f"{CLI} admin-topup --tenant-id tenant --topup-method-id bank-wire --amount-credits 55"
LOSE = f"{CLI} state accept-loss --note 'the disk is gone'"


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@pytest.fixture
def repo(tmp_path: Path, delivered_repo: Path, home: str) -> Path:
    """An order was run and 55 credits were topped up by hand; the machine remembers its own path."""
    told(delivered_repo, f"{TOPUP} --reference by-hand", home)
    return delivered_repo


def told(repo: Path, line: str, home: str, status: int = 0, **env: str) -> str:
    done = command(repo, line, XDG_STATE_HOME=home, **env)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def balance(repo: Path) -> int:
    return {row["tenant_id"]: int(row["credits_available"])
            for row in rows(repo / ".billing-state" / "tenants_credits.csv")}["tenant"]


POSTING = ["doit run", "doit run state", f"{TOPUP} --reference other", f"{CLI} reconcile-payments",
           f"{CLI} orchestrator"]


@pytest.mark.parametrize("line", POSTING)
def test_a_deleted_state_is_never_made_anew_in_silence(repo: Path, home: str, line: str) -> None:
    shutil.rmtree(repo / ".billing-state")
    said = told(repo, line, home, 14)
    assert "deleted, rolled back or replaced" in said
    assert "state accept-loss" in said
    assert not (repo / ".billing-state" / "journal.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("line", POSTING[:3])
def test_an_old_backup_is_refused(repo: Path, home: str, line: str, tmp_path: Path) -> None:
    old = shutil.copytree(repo / ".billing-state", tmp_path / "old")
    told(repo, f"{TOPUP} --reference later", home)
    shutil.rmtree(repo / ".billing-state")
    shutil.copytree(old, repo / ".billing-state")
    before = (repo / ".billing-state" / "journal.csv").read_bytes()
    assert "the billing state does not contain it" in told(repo, line, home, 14)
    assert (repo / ".billing-state" / "journal.csv").read_bytes() == before
    assert "posts sound" in told(repo, f"{CLI} ledger verify", home, 14)


@pytest.mark.slow
@pytest.mark.parametrize("look", ["quote", "integrity-validate"])
@pytest.mark.parametrize("what", ["an old backup", "deleted"])
def test_what_looks_says_it_too(repo: Path, home: str, tmp_path: Path, look: str, what: str) -> None:
    """A quote is what the next run does, and that is nothing."""
    old = shutil.copytree(repo / ".billing-state", tmp_path / "old")
    told(repo, f"{TOPUP} --reference later", home)
    told(repo, f"{CLI} {look}", home)
    shutil.rmtree(repo / ".billing-state")
    if what == "an old backup":
        shutil.copytree(old, repo / ".billing-state")
    said = told(repo, f"{CLI} {look}", home, 14)
    assert "deleted, rolled back or replaced" in said
    assert "state accept-loss" in said
    told(repo, LOSE, home)
    told(repo, f"{CLI} {look}", home)
    told(repo, "doit run", home)
    told(repo, f"{CLI} {look}", home)


@pytest.mark.slow
def test_each_place_alone_remembers(repo: Path, home: str) -> None:
    shutil.rmtree(repo / ".billing-state")
    shutil.move(home, f"{home}-away")
    told(repo, "doit run state", home, 14)
    shutil.move(f"{home}-away", home)
    shutil.rmtree(repo / "runtime")
    told(repo, "doit run state", home, 14)


def test_run_records_of_work_that_was_never_paid_are_enough(repo: Path, home: str) -> None:
    """Of a version that remembered nothing."""
    shutil.rmtree(repo / ".billing-state")
    shutil.rmtree(home)
    shutil.rmtree(repo / "runtime" / ".ledger_heads")
    assert "4 steps (tenant/tea/one, …) completed and not paid here" in told(repo, "doit run", home, 14)
    assert not (repo / ".billing-state" / "journal.csv").exists()


@pytest.mark.slow
def test_accept_loss_goes_on_and_says_so_in_the_journal(repo: Path, home: str) -> None:
    shutil.rmtree(repo / ".billing-state")
    said = told(repo, LOSE, home)
    assert "that this machine acknowledged and the charges of 4 steps" in said, said
    line = (repo / ".billing-state" / "journal.csv").read_text().splitlines()[1]
    assert ",loss," in line
    assert "the disk is gone" in line
    told(repo, "doit run", home)
    told(repo, f"{TOPUP} --reference by-hand", home)
    assert balance(repo) == 100 - 14 + 55
    for look in ("ledger verify", "ledger audit", "integrity-validate", "ledger fsck --rebuild",
                 "ledger export --format beancount"):
        told(repo, f"{CLI} {look}", home)
    assert "nothing is lost" in told(repo, LOSE, home)


@pytest.mark.slow
def test_what_is_gone_from_the_plan_after_a_loss_is_no_finding(repo: Path, home: str) -> None:
    shutil.rmtree(repo / ".billing-state")
    told(repo, LOSE, home)
    (repo / "tenants" / "tenant" / "workorders" / "tea.yml").unlink()
    told(repo, "doit run", home)
    told(repo, f"{CLI} ledger audit", home)


@pytest.mark.slow
def test_a_new_clone_in_the_place_of_an_old_one_is_another_one(tmp_path: Path, home: str) -> None:
    for _ in range(2):
        repo = repository(tmp_path / "repo")
        subprocess.run(["git", "init", "-q"], cwd=repo, check=True)
        told(repo, "doit run state", home)
        told(repo, f"{TOPUP} --reference a", home)
        assert balance(repo) == 155
        shutil.rmtree(repo)


@pytest.mark.slow
def test_one_clone_whose_state_and_runtime_are_deleted_is_asked(tmp_path: Path, home: str) -> None:
    repo = repository(tmp_path / "repo")
    subprocess.run(["git", "init", "-q"], cwd=repo, check=True)
    told(repo, "doit run state", home)
    for folder in (".billing-state", "runtime"):
        shutil.rmtree(repo / folder)
    told(repo, "doit run state", home, 14)
    told(repo, LOSE, home)
    told(repo, "doit run state", home)


@pytest.mark.slow
def test_a_scratch_state_is_remembered_by_its_runtime_directory_only(repo: Path, home: str) -> None:
    scratch = "billing_state_dir=.billing-state-e2e runtime_dir=runtime-e2e"
    for _ in range(2):
        told(repo, f"doit run {scratch}", home)
        shutil.rmtree(repo / ".billing-state-e2e")
        shutil.rmtree(repo / "runtime-e2e")
    told(repo, f"doit run {scratch}", home)
    shutil.rmtree(repo / ".billing-state-e2e")
    told(repo, f"doit run {scratch}", home, 14)
    kept = [json.loads(file.read_bytes())["state_dir"] for file in Path(home).rglob("*.json")]
    assert kept == [str(repo / ".billing-state")]


@pytest.mark.slow
def test_a_runtime_directory_may_serve_two_states(repo: Path, home: str) -> None:
    """What the one does not know as paid, the other one does."""
    order = repo / "tenants" / "tenant" / "workorders" / "milk.yml"
    order.write_text(TEA.replace("work_order_id: tea", "work_order_id: milk"))
    told(repo, "doit run workorder:tenant/milk", home)
    told(repo, "doit run billing_state_dir=elsewhere", home)
    told(repo, "doit run", home)


@pytest.mark.parametrize("env", [{"XDG_STATE_HOME": "relative", "HOME": "/proc"}, {"XDG_STATE_HOME": "/dev/null/x"},
                                 {"XDG_STATE_HOME": "", "HOME": "no/path"}])
def test_a_home_that_cannot_be_written_costs_a_line_and_no_run(delivered_repo: Path, env: dict[str, str]) -> None:
    done = command(delivered_repo, f"{TOPUP} --reference r", **env)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert done.stderr.count("cannot write the ledger's head") == (env.get("HOME") != "no/path")


@pytest.mark.parametrize(("env", "home"), [
    ({"XDG_STATE_HOME": "/a", "HOME": "/b"}, "/a"), ({"XDG_STATE_HOME": "a", "HOME": "/b"}, "/b/.local/state"),
    ({"HOME": "/b"}, "/b/.local/state"), ({"HOME": "b"}, None),
])
def test_where_the_users_state_is(env: dict[str, str], home: str | None) -> None:
    assert state_home(env) == (Path(home) if home else None)


def test_a_kill_before_the_head_was_written_leaves_an_older_one(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "state")
    memory = Memory(places(tmp_path, tmp_path / "runtime", tmp_path / "state", {}, own=False), print)
    for number in range(3):
        ledger.post(lambda book, number=number: [topup("tenant", 1, "wire", str(number))])
        if number < 2:
            memory.keep(ledger)
    assert [head.seq for head in memory.heads()] == [2]
    assert memory.missing_from(Ledger.open(tmp_path / "state")) == ()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"seq": 1}', b"\xff"])
def test_a_damaged_memory_proves_nothing(tmp_path: Path, damage: bytes) -> None:
    ledger = Ledger.create(tmp_path / "state")
    ledger.post(lambda book: [topup("tenant", 1, "wire", "a")])
    memory = Memory(places(tmp_path, tmp_path / "runtime", tmp_path / "state", {}, own=False), print)
    memory.keep(ledger)
    memory.places[0].file.write_bytes(damage)
    assert memory.heads() == ()
    memory.keep(ledger)
    assert len(memory.heads()) == 1


def test_a_rebase_lowers_what_is_remembered_before_it_replaces_the_journal(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "state")
    memory = Memory(places(tmp_path, tmp_path / "runtime", tmp_path / "state", {}, own=False), print)
    for reference in "abc":
        ledger.post(lambda book, reference=reference: [topup("tenant", 1, "wire", reference)])
    memory.keep(ledger)
    lines = (tmp_path / "state" / "journal.csv").read_bytes().splitlines(keepends=True)[1:]
    memory.lower(lines, 2)
    assert [(head.seq, head.hash) for head in memory.heads()] == [(2, lines[1][-65:-1].decode())]
    assert memory.missing_from(ledger) == ()


def test_no_release_is_made_of_a_state_that_was_deleted(tmp_path: Path, home: str) -> None:
    from tests.state.test_two_clones import STATE, clone

    one = clone(tmp_path / "one", tmp_path / "store")
    told(one, f"{STATE} init", home)
    told(one, f"{TOPUP} --reference a", home)
    shutil.rmtree(one / ".billing-state")
    shutil.rmtree(tmp_path / "store")
    told(one, f"{STATE} init", home, 14)
    assert not (one / ".billing-state" / "journal.csv").exists()


def test_a_git_directory_that_cannot_be_written_does_not_matter(tmp_path: Path, home: str) -> None:
    repo = repository(tmp_path / "repo")
    (repo / ".git").mkdir()
    (repo / ".git" / "platform-clone-id").mkdir()  # root may write everywhere else
    told(repo, "doit run state", home)
    shutil.rmtree(repo / ".billing-state")
    shutil.rmtree(repo / "runtime")
    told(repo, "doit run state", home, 14)


@pytest.mark.slow
def test_two_clones_that_rebase_remember_what_they_have(tmp_path: Path, home: str) -> None:
    from tests.state.test_two_clones import STATE, clone

    one, two = (clone(tmp_path / name, tmp_path / "store") for name in ("one", "two"))
    told(one, f"{STATE} init", home)
    told(two, f"{STATE} hydrate", home)
    for repo, reference in ((one, "a"), (two, "b"), (one, "c"), (two, "d")):
        told(repo, f"{TOPUP} --reference {reference}", home)
    old = shutil.copytree(two / ".billing-state", tmp_path / "old")
    told(two, f"{TOPUP} --reference e", home)
    shutil.rmtree(two / ".billing-state")
    told(two, f"{TOPUP} --reference f", home)  # what was published comes back
    shutil.rmtree(two / ".billing-state")
    shutil.copytree(old, two / ".billing-state")
    told(two, f"{TOPUP} --reference g", home)


def test_what_only_looks_says_that_it_is_not_the_state_that_was_used(repo: Path, home: str, tmp_path: Path) -> None:
    old = shutil.copytree(repo / ".billing-state", tmp_path / "old")
    told(repo, f"{TOPUP} --reference later", home)
    shutil.rmtree(repo / ".billing-state")
    shutil.copytree(old, repo / ".billing-state")
    for line in ("status", "statement --tenant-id tenant", "ledger verify", "ledger audit", "ledger export",
                 "status --json"):
        done = command(repo, f"{CLI} {line}", XDG_STATE_HOME=home)
        assert (done.returncode, "state accept-loss" in done.stderr, bool(done.stdout)) == (14, True, True), line
    told(repo, LOSE, home)
    for line in ("status", "ledger verify", "ledger audit"):
        told(repo, f"{CLI} {line}", home)
