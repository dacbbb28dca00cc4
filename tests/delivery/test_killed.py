"""A run is killed at each point of a delivery: at most two mails, and never one that nobody knows of."""
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import attempts
from platform.model.ids import StepId
from tests.delivery.house import House, start
from tests.support import LONGEST_WAIT_S, until


@pytest.fixture
def house(tmp_path: Path, mail_server, authority) -> Iterator[House]:
    with mail_server() as server:
        yield House(tmp_path / "repo", server, authority)


def killed(house: House, at: str) -> None:
    """A run that is killed when the server meets this command, or when its evidence is in the journal."""
    runs: list[subprocess.Popen[str]] = []

    def meets(phase: str) -> None:
        if phase == at:
            runs[0].kill()
            runs[0].wait(timeout=LONGEST_WAIT_S)  # its child died too: nothing that it wrote answers what follows

    house.server.meets = meets
    runs.append(start(house))
    if at == "evidence":
        journal = house.root / ".billing-state/journal.csv"
        until(lambda: journal.exists() and b",evidence," in journal.read_bytes(), runs[0])
        runs[0].kill()
    runs[0].communicate(timeout=300)
    assert runs[0].returncode == -signal.SIGKILL
    house.server.meets = lambda phase: None


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["runtime kept", "runtime lost"])
@pytest.mark.parametrize(("at", "mails"), [("rcpt", 1), ("data", 2), ("quit", 2), ("evidence", 1)])
def test_after_a_kill_it_arrives_and_never_more_than_twice(house: House, at: str, mails: int, lost: bool) -> None:
    killed(house, at)
    if lost:
        shutil.rmtree(house.root / "runtime")
    house.run()
    assert (house.mails, house.state().partition(" ")[0]) == (mails, "COMPLETED")
    assert "nothing posted" in house.run()
    shutil.rmtree(house.root / "runtime")
    house.run()
    assert house.mails == mails
    house.run("python -m platform.cli ledger verify")
    house.run("python -m platform.cli ledger audit")


@pytest.mark.slow
@pytest.mark.parametrize("at", ["data", "quit"])
def test_runs_that_are_killed_again_and_again_send_two_mails_and_then_wait(house: House, at: str) -> None:
    for _ in range(2):
        killed(house, at)
        shutil.rmtree(house.root / "runtime")
    house.run(exit_status=1)
    posts = house.posts
    for _ in range(2):
        house.run(exit_status=1)
        assert (house.mails, house.state(), house.posts) == (2, "NEEDS_DECISION unverified", posts)


@pytest.mark.slow
def test_a_claim_of_another_machine_is_waited_for_and_taken_over_when_it_has_expired(house: House) -> None:
    quoted = house.run("python -m platform.cli quote --json")
    task = next(line.split('"')[3] for line in reversed(quoted.splitlines()) if '"task_hash"' in line)
    step, stranger = StepId("tenant", "tea", "mail"), {"host": "elsewhere.example", "pid": 7}
    house.run("doit run charge:tenant/tea")
    ledger = Ledger.open(house.root / ".billing-state")
    told = {"claimant": stranger, "expires_at": "2999-01-01T00:00:00Z", "settings": {}}
    ledger.post(lambda book: [attempts.claim(step, (task, 0), 1, told)])
    said = house.run(exit_status=1)
    assert "elsewhere.example, process 7 is delivering it and may do so until 2999-01-01T00:00:00Z" in said
    assert house.mails == 0
    ledger.post(lambda book: [attempts.void(step, (task, 0), 1, "test"),
                              attempts.claim(step, (task, 0), 2, {**told, "expires_at": "2026-01-01T00:00:00Z"})])
    ledger.close()
    house.run()
    assert (house.mails, house.kinds("claim")) == (1, ["claim"] * 3)
    house.run("python -m platform.cli ledger audit")


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["runtime kept", "runtime lost"])
def test_after_a_kill_in_the_middle_status_quote_and_run_say_the_same(house: House, lost: bool) -> None:
    killed(house, "data")
    if lost:
        shutil.rmtree(house.root / "runtime")
    assert "would send again" in house.state()
    assert "1 delivery that arrived, or may have, would send again" in house.run("python -m platform.cli quote")
    killed(house, "data")
    if lost:
        shutil.rmtree(house.root / "runtime")
    assert (house.mails, house.state()) == (2, "NEEDS_DECISION unverified")
    quoted = house.run("python -m platform.cli quote")
    assert "1 delivery that arrived, or may have: waits for your decision" in quoted and " 0 charged" in quoted
    assert "NEEDS_DECISION unverified" in house.run(exit_status=1)
    assert house.mails == 2


@pytest.mark.slow
def test_what_was_stopped_in_the_middle_can_be_settled_before_another_run(house: House) -> None:
    for _ in range(2):
        killed(house, "data")
    shutil.rmtree(house.root / "runtime")
    house.settle("--arrived --note 'they have it'")
    house.run()
    assert (house.mails, house.state()) == (2, "COMPLETED settled_as_arrived")
    house.run("python -m platform.cli ledger audit")
