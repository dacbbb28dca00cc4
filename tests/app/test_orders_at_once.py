"""Runs at the same time in one runtime directory: each locks only the orders that it works on.

A module waits in the middle of its step until a pipe has a writer, and that is how a test knows that the step runs and
lets it go on. Nothing here waits for a time."""
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import BOOT, LONGEST_WAIT_S, ROOT, command, line_of, repository, rows, until

DOIT = str(Path(sys.executable).parent / "doit")
PIPE = """
def run(params, outputs_dir):
    with open(params["pipe"]) as pipe:
        pipe.read()
    return {"status": "COMPLETED"}
"""
CONTRACT = """module_id: pipe
name: Pipe
version: 1.0.0
kind: transform
description: Runs until the pipe that it opens has had a writer.
ports:
  inputs:
    port:
      - {id: pipe, type: string, required: true, description: The path of a pipe.}
      - {id: text, type: string, description: Anything.}
"""
TENANTS = ("tenant", "second", "thirds")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Three tenants with 100 credits each, and no sandbox, so that a module can reach the pipes."""
    made = repository(tmp_path / "repo")
    profile = made / "config/runtime_profile.yml"
    profile.write_text(profile.read_text().replace("sandbox: auto", "sandbox: process"))
    (made / "modules/pipe/src").mkdir(parents=True)
    (made / "modules/pipe/src/run.py").write_text(PIPE)
    (made / "modules/pipe/module.yml").write_text(CONTRACT)
    with (made / "config/module_prices.csv").open("a") as prices:
        prices.write("pipe,__run__,5,2026-01-01,,true,\n")
    payments = made / "config/payments.csv"
    for tenant in TENANTS[1:]:
        (made / f"tenants/{tenant}").mkdir()
        (made / f"tenants/{tenant}/tenant.yml").write_text(f"tenant_id: {tenant}\ntenant_name: T\n")
        with payments.open("a") as file:
            file.write(f"pay-{tenant},{tenant},bank-wire,100,wire-{tenant},CONFIRMED,2026-01-02T00:00:00Z,\n")
    return made


def order(repo: Path, name: str, *steps: str) -> Path:
    """An order of a tenant with steps that follow each other; `pipe` waits, any other word is said, and `bought` is a
    deliverable, too."""
    tenant, _, order_id = name.partition("/")
    lines = [f"work_order_id: {order_id}", "steps:"]
    for number, word in enumerate(steps):
        needs = f", needs: [s{number - 1}]" if number else ""
        if word == "pipe":
            pipe = repo / f"{tenant}.{order_id}.pipe"
            if not pipe.exists():
                os.mkfifo(pipe)
            what = f"module_id: pipe, inputs: {{pipe: {pipe}}}"
        else:
            what = f"module_id: say, deliverables: [said], inputs: {{text: {word}}}" if word == "bought" else (
                f"module_id: say, inputs: {{text: {word}}}")
        lines.append(f"  - {{step_id: s{number}, kind: transform, {what}{needs}}}")
    file = repo / f"tenants/{tenant}/workorders/{order_id}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return file


class Started:
    """Processes of a test; those that are left at its end are killed."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo
        self.all: list[subprocess.Popen[str]] = []

    def run(self, *words: str, program: tuple[str, ...] = (DOIT, "run")) -> subprocess.Popen[str]:
        made = subprocess.Popen([*program, *words], cwd=self.repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
        self.all.append(made)
        return made

    def cli(self, *words: str) -> subprocess.Popen[str]:
        return self.run(*words, program=(sys.executable, "-c", BOOT))

    def at(self, name: str) -> "OpenPipe":
        """The order's step reads its pipe now; it ends when the pipe is closed."""
        return OpenPipe(self.repo / f"{name.replace('/', '.')}.pipe")


class OpenPipe:
    def __init__(self, path: Path) -> None:
        self._path, self._handle = path, -1

    def __enter__(self) -> None:
        def has_reader() -> bool:
            try:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return False
            return True

        until(has_reader)

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


@pytest.fixture
def started(repo: Path) -> Iterator[Started]:
    made = Started(repo)
    yield made
    for run in made.all:
        run.kill()
        run.communicate(timeout=LONGEST_WAIT_S)


def end(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = run.communicate(timeout=LONGEST_WAIT_S)
    return run.returncode, out, err


def charges(repo: Path) -> Counter[str]:
    """How often each order's steps were charged, minus refunds."""
    found = Counter[str]()
    for row in rows(repo / ".billing-state/transaction_items.csv"):
        found[f"{row['tenant_id']}/{row['work_order_id']}/{row['step_id']}"] += {"SPEND": 1, "REFUND": -1}[row["type"]]
    return found


def balances(repo: Path) -> dict[str, int]:
    """Each tenant's credits, as the table next to the ledger has them."""
    return {row["tenant_id"]: int(row["credits_available"])
            for row in rows(repo / ".billing-state/tenants_credits.csv")}


def sound(repo: Path) -> None:
    """The ledger and the files agree, and every credit is explained."""
    for line in ("ledger verify", "ledger audit", "integrity-validate"):
        done = command(repo, f"python -m platform.cli {line}")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["workorder:second/bbb"]])
def test_a_tenant_does_not_wait_for_the_order_of_another(repo: Path, started: Started, words: list[str]) -> None:
    """The first run was started over everything and is at the first tenant's order, before the second's."""
    order(repo, "second/bbb", "tea")
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        other = started.run(*(words or ["workorder:second/bbb"]))
        status, out, err = end(other)
        assert (status, "waiting" in err, "COMPLETED    second/bbb" in out) == (0, False, True), out + err
        assert first.poll() is None
    status, out, err = end(first)
    assert (status, out.count("COMPLETED  "), "second/bbb/s0" in out) == (0, 1, False), out + err
    assert charges(repo) == {"second/aaa/s0": 1, "second/bbb/s0": 1}
    sound(repo)


@pytest.mark.slow
def test_a_run_over_everything_does_the_rest_first_and_then_waits(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        order(repo, "thirds/bbb", "tea")
        second = started.run()
        until(lambda: (repo / "runtime/thirds/bbb/order.json").exists(), second)
        told = line_of(second.stderr)
        assert told.startswith("waiting for another run over second/aaa: process "), told
        assert f"process {first.pid} (`doit run`, since 20" in told and f", on {os.uname().nodename})" in told
    assert end(first)[0] == 0
    status, out, err = end(second)
    assert (status, "charged      second/aaa" in out) == (0, False), out + err
    last = out.splitlines()[-1]
    assert last.startswith("orders: 2 COMPLETED; steps: 1 ran, 1 up to date; 5 credits charged"), out
    assert out.count("orders: ") == 1, "one summary, of both passes"
    assert charges(repo) == {"second/aaa/s0": 1, "thirds/bbb/s0": 1}
    sound(repo)


@pytest.mark.slow
def test_a_run_with_nothing_to_do_and_commands_that_read_do_not_wait(repo: Path, started: Started) -> None:
    order(repo, "thirds/bbb", "tea")
    assert command(repo, "doit run").returncode == 0
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        for words in (["workorder:thirds/bbb"], ["check"], ["state"]):
            status, out, err = end(started.run(*words))
            assert (status, "waiting" in err, out.count("nothing posted")) == (0, False, 1), out + err
            assert not list((repo / "runtime/.orders").glob("thirds.*"))
        for line in (["status"], ["quote"], ["log", "step:second/aaa/s0"], ["why", "step:second/aaa/s0"]):
            status, out, err = end(started.cli(*line))
            assert (status, "waiting" in err) == (0, False), out + err
        listed = started.run("--all", "--status", program=(DOIT, "list"))
        assert end(listed)[0] == 0
        assert json.loads(end(started.cli("status", "--json"))[1])
    assert end(first)[0] == 0
    shutil.rmtree(repo / "runtime/.orders")
    assert "2 up to date; nothing posted" in command(repo, "doit run").stdout
    assert not (repo / "runtime/.orders").exists(), "a run with nothing to do opens no lock of an order"


@pytest.mark.slow
@pytest.mark.parametrize("both", [["workorder:second/aaa"], ["step:second/aaa/s0"], ["-n", "2"]])
def test_two_runs_of_one_order_do_it_once(repo: Path, started: Started, both: list[str]) -> None:
    order(repo, "second/aaa", "pipe", "tea")
    first = started.run(*both)
    with started.at("second/aaa"):
        second = started.run(*both)
        assert "waiting for another run over second/aaa" in line_of(second.stderr)
    results = [end(first), end(second)]
    assert [result[0] for result in results] == [0, 0], results
    assert charges(repo) == {"second/aaa/s0": 1, "second/aaa/s1": 1}
    assert sum("completed    second/aaa/s0" in out for _, out, _ in results) == 1
    sound(repo)


@pytest.mark.slow
def test_steps_asked_for_in_opposite_order_are_no_deadlock(repo: Path, started: Started) -> None:
    """Each run has begun one of the orders when it comes to the other one."""
    order(repo, "second/aaa", "pipe", "tea")
    order(repo, "thirds/bbb", "pipe", "tea")
    first = started.run("step:second/aaa/s0", "step:thirds/bbb/s1", "step:second/aaa/s1")
    with started.at("second/aaa"):
        second = started.run("step:thirds/bbb/s0", "step:second/aaa/s1", "step:thirds/bbb/s1")
        with started.at("thirds/bbb"):
            pass
        assert "waiting for another run over second/aaa" in line_of(second.stderr)
    results = [end(first), end(second)]
    assert [result[0] for result in results] == [0, 0], results
    assert set(charges(repo).values()) == {1}
    sound(repo)


@pytest.mark.slow
def test_a_killed_run_frees_its_order_and_the_next_one_finishes_it(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "tea", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        second = started.run()
        assert f"process {first.pid} (" in line_of(second.stderr)
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=LONGEST_WAIT_S)
    serve(repo, [second])  # the second run makes an attempt of its own
    status, out, err = end(second)
    assert (status, "completed    second/aaa/s1" in out, "completed    second/aaa/s0" in out) == (0, True, False), err
    assert charges(repo) == {"second/aaa/s0": 1, "second/aaa/s1": 1}
    sound(repo)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_it_waits_is_130_and_posts_nothing(repo: Path, started: Started, number: int) -> None:
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        before = (repo / ".billing-state/journal.csv").read_bytes()
        second = started.run()
        assert "waiting" in line_of(second.stderr)
        second.send_signal(number)
        status, out, err = end(second)
        assert (status, "interrupted" in err, "Traceback" in err) == (130, True, False), out + err
        assert (repo / ".billing-state/journal.csv").read_bytes() == before
    assert end(first)[0] == 0


@pytest.mark.slow
def test_an_order_that_was_edited_while_a_run_waited_is_read_again(repo: Path, started: Started) -> None:
    """The waiting run charges what the file says when its turn comes, and not what it said before."""
    file = order(repo, "second/aaa", "pipe", "tea")
    first = started.run()
    with started.at("second/aaa"):
        second = started.run()
        assert "waiting" in line_of(second.stderr)
        file.write_text(file.read_text().replace("text: tea", "text: milk"))
    assert (end(first)[0], end(second)[0]) == (0, 0)
    # The first one bought and did what it had read, the second one only what is new.
    items = [row["type"] for row in rows(repo / ".billing-state/transaction_items.csv")]
    assert (items, charges(repo)) == (["SPEND"] * 3, {"second/aaa/s0": 1, "second/aaa/s1": 2})
    assert (repo / "runtime/second/aaa/s1/outputs/said.txt").read_text().strip() == "milk"
    sound(repo)


@pytest.mark.slow
def test_an_order_that_another_run_superseded_is_not_charged_for_the_old_text(repo: Path, started: Started) -> None:
    """The first run has charged both orders and is at the first one. The second order is edited, and another run does
    it as it is now: that gives back the first run's charge, and the first run comes to it and charges nothing."""
    order(repo, "second/aaa", "pipe")
    file = order(repo, "second/bbb", "tea")
    first = started.run()
    with started.at("second/aaa"):
        file.write_text(file.read_text().replace("text: tea", "text: milk"))
        status, out, err = end(started.run("workorder:second/bbb"))
        assert (status, "refunded     second/bbb  5 credits" in out) == (0, True), out + err
    status, out, err = end(first)
    assert (status, out.splitlines()[-1].split(";")[0]) == (0, "orders: 2 COMPLETED"), out + err
    assert charges(repo) == {"second/aaa/s0": 1, "second/bbb/s0": 1}
    assert (repo / "runtime/second/bbb/s0/outputs/said.txt").read_text().strip() == "milk"
    sound(repo)


@pytest.mark.slow
def test_two_orders_of_one_tenant_at_once_cannot_overdraw(repo: Path, started: Started) -> None:
    """100 credits: one order costs 55, the other too. The runs start together, and one is refused."""
    for name in ("second/aaa", "second/bbb"):
        order(repo, name, *["tea"] * 11)
    runs = [started.run(f"workorder:{name}") for name in ("second/aaa", "second/bbb")]
    results = [end(run) for run in runs]
    assert sorted(result[0] for result in results) == [0, 12], results
    assert sum(charges(repo).values()) >= 11
    assert balances(repo)["second"] == 45
    sound(repo)


@pytest.mark.slow
def test_a_deleted_order_is_not_refunded_while_a_run_works_on_it(repo: Path, started: Started) -> None:
    order(repo, "second/bbb", "tea")
    file = order(repo, "second/aaa", "pipe")
    first = started.run("workorder:second/aaa")
    with started.at("second/aaa"):
        file.unlink()
        status, out, err = end(started.run())
        assert (status, "refunded" in out) == (0, False), out + err
    assert end(first)[0] == 0
    done = command(repo, "doit run")
    assert (done.returncode, "refunded" in done.stdout) == (0, False), done.stdout
    assert charges(repo)["second/aaa/s0"] == 1


@pytest.mark.slow
def test_clean_waits_for_the_order_that_it_removes_and_for_no_other(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    order(repo, "thirds/bbb", "tea")
    assert command(repo, "doit run workorder:thirds/bbb").returncode == 0
    first = started.run()
    with started.at("second/aaa"):
        assert end(started.run("workorder:thirds/bbb", program=(DOIT, "clean")))[0] == 0
        assert not (repo / "runtime/thirds/bbb").exists()
        clean = started.run("workorder:second/aaa", program=(DOIT, "clean"))
        assert "waiting for another run over second/aaa" in line_of(clean.stderr)
        assert (repo / "runtime/second/aaa").exists()
    assert (end(first)[0], end(clean)[0]) == (0, 0)
    assert not (repo / "runtime/second/aaa").exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("publish", "no_publish=1")])
def test_a_publisher_takes_the_free_orders_first(repo: Path, started: Started, words: tuple[str, ...]) -> None:
    """The order at work was bought first. Its package is published when its run has settled it."""
    order(repo, "second/aaa", "bought", "pipe")
    order(repo, "thirds/bbb", "bought")
    first = started.run("workorder:second/aaa")
    with started.at("second/aaa"):
        assert command(repo, "doit run workorder:thirds/bbb").returncode == 0
        script = (sys.executable, str(ROOT / "scripts/publish_artifacts_release.py"), "--no-publish")
        publisher = started.run(*words) if words else started.run(program=script)
        assert "waiting for another run over second/aaa" in line_of(publisher.stderr)
        assert published(repo) == ["thirds/bbb/said"]
    assert end(first)[0] == 0
    status, out, err = end(publisher)
    assert (status, published(repo)) == (0, ["second/aaa/said", "thirds/bbb/said"]), out + err


def published(repo: Path) -> list[str]:
    """What the ledger has evidence for, also before the tables next to it have it."""
    posts = [row for row in rows(repo / ".billing-state/journal.csv") if row["kind"] == "publish"]
    return sorted(f"{row['tenant_id']}/{body['work_order_id']}/{body['metadata']['deliverable_id']}"
                  for row in posts if (body := json.loads(row["body"])))


@pytest.mark.slow
def test_the_file_of_a_report_has_all_passes(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    order(repo, "thirds/bbb", "tea")
    first = started.run("workorder:second/aaa")
    with started.at("second/aaa"):
        second = started.run("-o", "report.txt")
        assert "waiting" in line_of(second.stderr)
    assert (end(first)[0], end(second)[0]) == (0, 0)
    told = (repo / "report.txt").read_text()
    assert "charged      thirds/bbb" in told and told.splitlines()[-1].startswith("orders: 2 COMPLETED"), told


@pytest.mark.slow
def test_a_run_that_waits_for_quoted_orders_keeps_no_other_from_them(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "tea")
    order(repo, "thirds/bbb", "pipe")
    assert command(repo, "python -m platform.cli quote --save quote.json").returncode == 0
    first = started.run("workorder:thirds/bbb")
    with started.at("thirds/bbb"):
        whole = started.cli("orchestrator", "--quote", "quote.json")
        assert "waiting for another run over thirds/bbb" in line_of(whole.stderr)
        status, out, err = end(started.run("workorder:second/aaa"))
        assert (status, "waiting" in err) == (0, False), out + err
    assert (end(first)[0], end(whole)[0]) == (0, 11)


@pytest.mark.slow
def test_a_prune_does_not_wait_for_an_order(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        status, out, err = end(started.cli("cache-prune"))
        assert (status, "waiting" in err) == (0, False), out + err
    assert end(first)[0] == 0


@pytest.mark.slow
def test_a_command_that_judges_everything_waits_for_every_run(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    first = started.run()
    with started.at("second/aaa"):
        accept = started.cli("state", "accept-loss", "--note", "why")
        told = line_of(accept.stderr)
        assert f"waiting for another run over {repo}/runtime/: process {first.pid} (`doit run`" in told
    assert (end(first)[0], end(accept)[0]) == (0, 0)


@pytest.mark.slow
def test_a_quoted_run_waits_for_its_orders_and_then_posts_the_quote(repo: Path, started: Started) -> None:
    order(repo, "second/aaa", "pipe")
    order(repo, "thirds/bbb", "tea")
    assert command(repo, "python -m platform.cli quote --tenant-id thirds --save quote.json").returncode == 0
    assert command(repo, "python -m platform.cli quote --save whole.json").returncode == 0
    first = started.run("workorder:second/aaa")
    with started.at("second/aaa"):
        whole = started.cli("orchestrator", "--quote", "whole.json")
        assert "waiting for another run over second/aaa" in line_of(whole.stderr)
    assert end(first)[0] == 0
    status, out, err = end(whole)
    assert (status, "no longer holds" in err, charges(repo)) == (11, True, {"second/aaa/s0": 1}), out + err
    status, out, err = end(started.cli("orchestrator", "--quote", "quote.json"))
    assert (status, charges(repo)["thirds/bbb/s0"]) == (0, 1), out + err


@pytest.mark.slow
def test_an_old_run_that_locks_the_whole_directory_is_waited_for(repo: Path, started: Started) -> None:
    """A run of the version before this one, during an upgrade."""
    order(repo, "second/aaa", "tea")
    assert command(repo, "doit run state").returncode == 0
    handle = os.open(repo / "runtime/.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    run = started.run()
    assert "waiting for another run over" in line_of(run.stderr)
    os.close(handle)
    assert end(run)[0] == 0


@pytest.mark.slow
def test_two_runs_of_one_clone_and_another_clone_share_a_ledger(repo: Path, started: Started, tmp_path: Path) -> None:
    """While a run is at its step, another clone publishes, and a second run of the same clone takes its posts over: the
    first one's ledger is replaced under it, and every post stays."""
    profile = repo / "config/runtime_profile.yml"
    profile.write_text(f"profile_id: shared\nsandbox: process\n"
                       f"billing_state: {{dir: .billing-state, release: required}}\n"
                       f"release_store: {{type: folder, dir: {tmp_path / 'releases'}, tag_prefix: t-}}\n")
    assert command(repo, "python -m platform.cli state init").returncode == 0
    other = tmp_path / "other"
    shutil.copytree(repo, other, ignore=shutil.ignore_patterns(".billing-state", "runtime"))
    order(repo, "second/aaa", "pipe", "tea")
    order(repo, "thirds/bbb", "tea")
    first = started.run("workorder:second/aaa")
    with started.at("second/aaa"):
        topup = command(other, "python -m platform.cli admin-topup --tenant-id tenant --amount-credits 7 "
                               "--topup-method-id bank-wire --reference other")
        assert topup.returncode == 0, topup.stderr
        status, out, err = end(started.run("workorder:thirds/bbb"))
        assert (status, "COMPLETED    thirds/bbb" in out) == (0, True), out + err
    status, out, err = end(first)
    assert (status, "COMPLETED    second/aaa" in out) == (0, True), out + err
    assert not list((repo / ".billing-state").glob("journal.lost.*"))
    for clone in (repo, other):
        assert command(clone, "python -m platform.cli state hydrate").returncode == 0
        assert balances(clone) == {"tenant": 107, "second": 90, "thirds": 95}
        assert command(clone, "python -m platform.cli state verify").returncode == 0
    assert charges(repo) == charges(other) == {"second/aaa/s0": 1, "second/aaa/s1": 1, "thirds/bbb/s0": 1}
    sound(repo)


@pytest.mark.slow
def test_six_runs_over_twelve_orders_with_kills_charge_each_order_once(repo: Path, started: Started) -> None:
    """Each run has another selection. Two of them are killed while they hold an order."""
    names = [f"{tenant}/{letter * 3}" for tenant in TENANTS for letter in "abcd"]
    for name in names:
        order(repo, name, "tea", "pipe")
    quoted = json.loads(command(repo, "python -m platform.cli quote --json").stdout)
    before = {tenant["tenant_id"]: tenant["balance_before"] for tenant in quoted["tenants"]}
    selections = [[], ["-n", "2"], ["workorder:second/*"], [f"workorder:{name}" for name in reversed(names)],
                  ["step:*/*/s1"], ["workorder:thirds/*", "workorder:tenant/*"]]
    runs = [started.run(*words) for words in selections]
    for seed in (1, 2):
        until(lambda: any(run.pid in holders(repo) and run.poll() is None for run in runs))
        at_work = [run for run in runs if run.pid in holders(repo) and run.poll() is None]
        killed = random.Random(seed).choice(at_work)
        killed.kill()
        killed.wait(timeout=LONGEST_WAIT_S)
    serve(repo, runs)
    results = [end(run) for run in runs]
    assert sorted(result[0] for result in results) == [-9, -9, 0, 0, 0, 0], results
    last = command(repo, "doit run")
    assert (last.returncode, "24 up to date; nothing posted" in last.stdout) == (0, True), last.stdout + last.stderr
    assert charges(repo) == {f"{name}/{step}": 1 for name in names for step in ("s0", "s1")}
    assert quoted["total_credits"] == 120
    assert balances(repo) == {tenant: balance - 40 for tenant, balance in before.items()}
    sound(repo)


def serve(repo: Path, runs: list[subprocess.Popen[str]]) -> None:
    """Let every step that waits at a pipe go on, until all runs have ended."""
    pipes = sorted(repo.glob("*.pipe"))

    def served() -> bool:
        for pipe in pipes:
            with suppress(OSError):  # nobody reads it
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return all(run.poll() is not None for run in runs)

    until(served)


def holders(repo: Path) -> set[int]:
    """The processes that say that they hold an order."""
    found = set[int]()
    for note in (repo / "runtime/.orders").glob("*.json"):
        with suppress(OSError, ValueError):
            found.add(json.loads(note.read_text())["pid"])
    return found


def test_a_link_in_the_place_of_the_locks_is_refused_and_nothing_is_charged(repo: Path, tmp_path: Path) -> None:
    order(repo, "second/aaa", "tea")
    assert command(repo, "doit run state").returncode == 0
    (tmp_path / "elsewhere").mkdir()
    (repo / "runtime/.orders").symlink_to(tmp_path / "elsewhere")
    done = command(repo, "doit run")
    assert (done.returncode, "runtime/.orders: is a symbolic link" in done.stdout) == (15, True), done.stdout
    assert (charges(repo), list((tmp_path / "elsewhere").iterdir())) == ({}, [])
    (repo / "runtime/.orders").unlink()
    assert command(repo, "doit run").returncode == 0
    assert charges(repo) == {"second/aaa/s0": 1}
