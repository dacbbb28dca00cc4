"""What failed twice in the same way stays unbought on a runner that lost its records: the ledger has the refunds."""
import shutil
from pathlib import Path

import pytest

from tests.support import CASES, command, repository, rows


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", CASES / "a_failure_that_stays" / "repo")
    for _ in range(2):
        assert command(made, "doit run").returncode == 1
    return made


def bought(repo: Path, step: str) -> int:
    """How often the step's run was charged."""
    items = rows(repo / ".billing-state" / "transaction_items.csv")
    return sum((row["step_id"], row["type"], row["deliverable_id"]) == (step, "SPEND", "__run__") for row in items)


def forget(repo: Path) -> None:
    """Lose the runtime directory, but for what remembers the ledger's head."""
    shutil.rmtree(repo / "runtime" / "tenant")


def test_a_runner_that_lost_its_records_does_not_charge_and_refund_again(repo: Path) -> None:
    for _ in range(3):
        forget(repo)
        done = command(repo, "doit run")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "tenant/tea/bad  NEEDS_DECISION bad_input_format: it failed twice in the same way" in done.stdout
        assert "according to the ledger; no record is left" in done.stdout
    assert (bought(repo, "bad"), bought(repo, "flaky")) == (2, 5)
    done = command(repo, "python -m platform.cli status")
    assert "bad" in done.stdout and "NEEDS_DECISION" in done.stdout


def test_a_person_has_it_tried_again_and_what_was_learnt_then_counts_at_once(repo: Path) -> None:
    forget(repo)
    assert command(repo, "doit run --retry-failed").returncode == 1
    assert bought(repo, "bad") == 3
    assert "NEEDS_DECISION bad_input_format" in command(repo, "doit run").stdout
    assert bought(repo, "bad") == 3


def test_code_that_was_mended_after_the_last_failure_is_tried(repo: Path) -> None:
    forget(repo)
    assert command(repo, "doit run --retry-failed").returncode == 1
    code = repo / "modules" / "say" / "src" / "run.py"
    code.write_text(code.read_text() + "\n# mended\n")
    assert command(repo, "doit run").returncode == 1
    assert bought(repo, "bad") == 4
