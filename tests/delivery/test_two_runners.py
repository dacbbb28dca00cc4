"""Two clones over a shared ledger: each mail is sent by one of them. Whole runs, a real mail server."""
import json
import shutil
import signal
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.house import ORDER, House, start
from tests.support import LONGEST_WAIT_S, until

STATE = "python -m platform.cli state"


class Clone(House):
    """One of several over the same releases."""

    def __init__(self, root: Path, server, authority, store: Path) -> None:
        super().__init__(root, server, authority)
        self.smtp += (f"billing_state: {{dir: .billing-state, release: required}}\n"
                      f"release_store: {{type: folder, dir: {store}, tag_prefix: t-}}\n")
        self.profile.write_text(self.smtp)


@pytest.fixture
def clones(tmp_path: Path, mail_server, authority) -> Iterator[tuple[Clone, Clone]]:
    with mail_server() as server:
        one, two = (Clone(tmp_path / name, server, authority, tmp_path / "releases") for name in ("one", "two"))
        one.run(f"{STATE} init")
        yield one, two


def lost(clone: Clone) -> list[str]:
    return [path.name for path in (clone.root / ".billing-state").glob("journal.lost.*")]


@pytest.mark.slow
def test_who_comes_second_sends_nothing_and_completes_from_the_evidence(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    one.server.gate = threading.Event()
    try:
        first = start(one)
        until(lambda: one.mails == 1, first)  # it has the message, and waits for the answer
        told = two.run(exit_status=1)
        assert "FAILED claimed_elsewhere" in told or "claimed_elsewhere: " in told
        assert f"process {first.pid} is delivering it and may do so until 20" in told
        assert one.mails == 1
    finally:
        one.server.gate.set()
    out, _ = first.communicate(timeout=120)
    assert first.returncode == 0, out
    told = two.run()
    assert "already_delivered" in told and two.mails == 1
    assert "nothing posted" in one.run() and "nothing posted" in two.run()
    assert [lost(clone) for clone in clones] == [[], []]
    one.run("python -m platform.cli ledger audit")
    assert json.loads(two.run("python -m platform.cli ledger audit --json").rpartition("}\n")[0] + "}")[
        "unexplained"] == []


@pytest.mark.slow
def test_the_same_commit_run_at_once_in_two_clones_sends_each_mail_once(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    for clone in clones:
        for number in range(3):
            file = clone.root / f"tenants/tenant/workorders/tea-{number}.yml"
            file.write_text(ORDER.replace("work_order_id: tea", f"work_order_id: tea-{number}"))
    runs = [start(clone, "-n", "2") for clone in clones]
    outs = [run.communicate(timeout=300)[0] for run in runs]
    assert all(run.returncode in (0, 1) for run in runs), "\n".join(outs)
    for clone in (one, two, one, two):  # who came second completes from the evidence
        clone.run()
    ids = sorted(envelope.content.partition(b"Message-ID: <")[2].partition(b">")[0]
                 for envelope in one.server.received)
    assert len(ids) == len(set(ids)) == 4, outs
    assert [lost(clone) for clone in clones] == [[], []]
    assert one.posts == two.posts
    one.run("python -m platform.cli ledger audit")


@pytest.mark.slow
def test_a_claim_that_cannot_be_published_sends_nothing_and_counts_for_nothing(clones: tuple[Clone, Clone]) -> None:
    """The store goes away between the start of the run and the delivery."""
    one, _ = clones
    store = one.root.parent / "releases"
    code = one.root / "modules/say/src/run.py"
    away = f"import os\nos.rename({str(store)!r}, {str(store) + '.away'!r})\n"
    working = code.read_text()
    code.write_text(away + working)
    told = one.command("doit run")
    assert told.returncode == 14, told.stdout + told.stderr
    assert one.mails == 0 and one.kinds("claim", "void") == ["claim", "void"]
    Path(f"{store}.away").rename(store)
    one.run()
    assert one.mails == 1


@pytest.mark.slow
def test_a_runner_that_died_is_followed_at_once_on_its_machine(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    first: list[subprocess.Popen[str]] = []
    one.server.meets = lambda phase: end(first[0]) if phase == "rcpt" else None
    first.append(start(one))
    first[0].communicate(timeout=120)
    assert (first[0].returncode, one.mails) == (-signal.SIGKILL, 0)
    two.run()
    assert two.mails == 1
    one.run()
    assert one.mails == 1


def end(run: subprocess.Popen[str]) -> None:
    if run.poll() is None:
        run.kill()
        run.wait(timeout=LONGEST_WAIT_S)


@pytest.mark.slow
def test_a_machine_that_is_lost_after_the_answer_takes_no_evidence_with_it(clones: tuple[Clone, Clone]) -> None:
    """With its ledger and its runtime directory, before its order settled."""
    one, two = clones
    run, store = start(one), one.root.parent / "releases"

    def is_published() -> bool:
        manifests = "".join(path.read_text() for path in store.glob("*/state_manifest.*.json"))
        return any(b",evidence," in path.read_bytes() and path.name in manifests
                   for path in store.glob("*/journal-*.csv"))

    until(is_published, run)
    end(run)
    run.communicate(timeout=LONGEST_WAIT_S)
    for name in (".billing-state", "runtime"):
        shutil.rmtree(one.root / name)
    one.run()
    two.run()
    assert one.mails == 1
    assert one.run(f"{STATE} verify").endswith("missing here 0, not published 0\n")


@pytest.mark.slow
def test_tables_in_the_release_are_those_of_its_newest_posts(clones: tuple[Clone, Clone]) -> None:
    """Claims and evidence go up alone; the end of the run brings the tables."""
    one, _ = clones
    one.run()
    store = one.root.parent / "releases"
    with zipfile.ZipFile(max(store.glob("*/tables-*.zip"), key=lambda path: int(path.name.split("-")[1]))) as tables:
        assert tables.read("transactions.csv") == (one.root / ".billing-state/transactions.csv").read_bytes()
    assert len(list(store.glob("*/tables-*.zip"))) < len(list(store.glob("*/state_manifest.*.json")))
