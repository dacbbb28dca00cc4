"""`publish:` as targets below the order: stories with doit."""
import json

import pytest

from tests.support import TEA, command, rows

RUN = "doit run runtime_profile=config/folder.yml"


@pytest.fixture
def repo(repo):
    (repo / "config" / "folder.yml").write_text("profile_id: folder\nrelease_store: {type: folder, dir: releases}\n"
                                                "delivery: {folder: {root_dir: deliveries}}\n")
    return repo


def ordered(repo, name, text):
    file = repo / f"tenants/tenant/workorders/{name}.yml"
    file.write_text(text.replace("work_order_id: tea", f"work_order_id: {name}"))


def evidence(repo):
    return [(row["work_order_id"], row["step_id"], row["status"])
            for row in rows(repo / ".billing-state" / "published_artifacts.csv")]


def status(repo, task):
    listed = command(repo, "doit list --all --status runtime_profile=config/folder.yml").stdout.splitlines()
    return next(line.split()[0] for line in listed if line.split()[1] == task)


def test_a_plain_run_publishes_nothing_and_publish_twice_adds_nothing(repo):
    assert command(repo, RUN).returncode == 0
    assert (evidence(repo), status(repo, "publish:tenant/tea")) == ([], "R")
    assert command(repo, f"{RUN} publish").returncode == 0
    assert evidence(repo) == [("tea", "one", "published"), ("tea", "package", "published")]
    assert status(repo, "publish:tenant/tea") == "U"
    journal = (repo / ".billing-state" / "journal.csv").read_bytes()
    again = command(repo, f"{RUN.replace('run', 'run -v 2', 1)} publish")
    assert (again.returncode, "up to date   publish:tenant/tea" in again.stdout) == (0, True)
    assert (repo / ".billing-state" / "journal.csv").read_bytes() == journal


def test_it_buys_runs_and_publishes_the_one_order_that_is_named(repo):
    ordered(repo, "cup", TEA.replace("text: tea", "text: cup"))
    ordered(repo, "pot", TEA.replace("text: tea", "text: pot"))
    assert command(repo, f"{RUN} publish:tenant/cup").returncode == 0
    assert evidence(repo) == [("cup", "one", "published"), ("cup", "package", "published")]
    items = rows(repo / ".billing-state" / "transaction_items.csv")
    assert {row["work_order_id"] for row in items} == {"tea", "cup"}


def test_of_a_partial_order_what_was_bought_and_made_is_published_the_rest_refunded(repo):
    ordered(repo, "half", """work_order_id: tea
steps:
  - {step_id: good, module_id: say, kind: transform, deliverables: [said], inputs: {text: half}}
  - {step_id: bad, module_id: say, kind: transform, deliverables: [said], inputs: {text: half, fail: module_failed}}
""")
    done = command(repo, f"{RUN} -n 2 publish:tenant/half")
    assert (done.returncode, "tenant/half PARTIAL" in done.stdout) == (1, True), done.stdout + done.stderr
    assert evidence(repo) == [("half", "good", "published")]
    assert json.loads((repo / "runtime/tenant/half/order.json").read_text())["status"] == "PARTIAL"
    refunds = [row for row in rows(repo / ".billing-state" / "transaction_items.csv") if row["type"] == "REFUND"]
    assert {row["step_id"] for row in refunds} == {"bad"}
    assert status(repo, "publish:tenant/half") == "U"


def test_the_variable_simulates_and_a_mistyped_one_runs_nothing(repo):
    assert command(repo, f"{RUN} publish no_publish=1").returncode == 0
    assert {told for *_, told in evidence(repo)} == {"simulated"}
    assert not (repo / "releases").exists()
    done = command(repo, f"{RUN} publish no_publish=yes")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert not (repo / "releases").exists()


def test_without_a_store_the_order_is_run_and_one_line_says_why_nothing_is_published(repo):
    done = command(repo, "doit run publish")
    assert (done.returncode, "release_store none has no releases" in done.stdout) == (17, True)
    assert evidence(repo) == []


def test_a_damaged_output_is_made_again_before_it_is_published(repo):
    (repo / "runtime/tenant/tea/one/outputs/said.txt").write_text("ted\n")
    assert command(repo, f"{RUN} publish").returncode == 0
    assert len(evidence(repo)) == 2


def test_an_order_that_is_wrong_is_said_once_and_stops_no_other(repo):
    ordered(repo, "wrong", TEA.replace("module_id: say", "module_id: sayy", 1))
    done = command(repo, f"{RUN} publish")
    assert (done.returncode, done.stdout.count("error[")) == (10, 1), done.stdout
    assert len(evidence(repo)) == 2


@pytest.mark.parametrize(("word", "meant"), [("publish:tenant/te", "publish:tenant/tea"), ("publsh", "`publish`")])
def test_a_mistyped_target_is_told(repo, word, meant):
    done = command(repo, f"doit run {word}")
    assert (done.returncode, f"did you mean {meant}?" in done.stderr) == (2, True)


def test_why_and_info_say_what_awaits_and_status_shows_it(repo):
    for line in ("python -m platform.cli why publish:tenant/tea", "doit info publish:tenant/tea"):
        said = command(repo, line).stdout
        assert "bought, made and not published" in said and "package package_artifacts  item " in said
    asked = "python -m platform.cli status --publish"
    shown = json.loads(command(repo, f"{asked} --json").stdout)["awaiting_publish"]
    assert [row["deliverable_id"] for row in shown] == ["said", "package_artifacts"]
    assert command(repo, asked).stdout.count("awaits     tenant/tea/") == 2
    assert "awaiting_publish" not in json.loads(command(repo, "python -m platform.cli status --json").stdout)
    command(repo, f"{RUN} publish")
    assert "nothing to publish" in command(repo, asked).stdout
    assert "awaits publishing" in command(repo, "python -m platform.cli why publish:tenant/tea").stdout
