"""A mail that was delivered is not sent again, wherever the ledger goes: whole runs and a real mail server.

SMTP cannot be asked whether a mail arrived; the ledger has the receipt, so it is asked instead.
"""
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.house import MAIL, OUTBOX, House


@pytest.fixture
def house(tmp_path: Path, mail_server, authority) -> Iterator[House]:
    with mail_server() as server:
        made = House(tmp_path / "repo", server, authority)
        made.run()
        assert made.mails == 1
        yield made


@pytest.mark.slow
def test_a_runner_that_lost_its_runtime_folder_does_not_send_the_mail_again(house: House) -> None:
    receipt, posts = (house.root / MAIL / "delivery_receipt.json").read_bytes(), house.posts
    shutil.rmtree(house.root / "runtime")
    told = house.run()
    assert (house.mails, house.posts) == (1, posts)
    assert "completed    tenant/tea/mail" in told and "(already_delivered; " in told
    assert (house.root / MAIL / "delivery_receipt.json").read_bytes() == receipt
    *_, last = house.read("log")["events"]
    assert (last["event"], last["outcome"]) == ("ledger", "delivered")
    assert last["detail"].endswith("as the ledger's evidence says; nothing was sent, and the "
                                   "log of that delivery is not kept")
    assert "nothing posted" in house.run()
    house.run("python -m platform.cli integrity-validate")
    assert house.mails == 1


@pytest.mark.slow
def test_who_made_another_package_meanwhile_is_told_which_one_was_delivered(house: House) -> None:
    """What is lost is not asked for anew: a search, say, finds other things a week later."""
    sent = house.read("receipt")
    shutil.rmtree(house.root / "runtime")
    house.repair()
    house.run()
    assert (house.mails, house.read("receipt")) == (1, sent)
    assert house.read("log")["events"][-1]["detail"].startswith(f"another package, of SHA-256 {sent['sha256']}, was")


@pytest.mark.slow
@pytest.mark.parametrize("words", ["", " --resend-repaired"], ids=["as it is", "repairs allowed"])
def test_an_upgrade_that_makes_the_same_package_is_quoted_as_it_ends(house: House, words: str) -> None:
    """Only the run shows whether new code makes other bytes, so the quote says what happens in each case."""
    posts = house.posts
    for module in ("say", "package_std", "deliver_email"):
        code = house.root / f"modules/{module}/src/run.py"
        code.write_text(f"{code.read_text()}# a later version\n")
    told = house.run(f"python -m platform.cli quote{words}")
    assert "1 delivery that arrived: steps upstream run again; with the same package, nothing is sent and " \
        "nothing waits; with another, each " in told
    counts = json.loads(house.run(f"python -m platform.cli quote{words} --json"))
    assert (counts["deliveries_again"], counts["deliveries_waiting"]) == (0, 0)
    assert "completed    tenant/tea/mail" in house.run(f"doit run{words}")
    assert (house.mails, house.posts) == (1, posts)
    assert "that arrived" not in house.run("python -m platform.cli quote")


@pytest.mark.slow
def test_a_repair_waits_until_sending_it_again_is_allowed(house: House) -> None:
    receipt = (house.root / MAIL / "delivery_receipt.json").read_bytes()
    house.repair()
    told = house.run("python -m platform.cli quote")
    assert "with another, each waits for your decision" in told
    assert "; waits for your decision if its package changes" in told
    again = json.loads(house.run("python -m platform.cli quote --resend-repaired --json"))
    assert (again["deliveries_again_if_changed"], again["deliveries_waiting_if_changed"]) == (1, 0)
    for _ in range(2):
        told = house.run(exit_status=1)
        assert "NEEDS_DECISION repair_held: it was delivered before and something else would go out now" in told
        assert (house.mails, house.state()) == (1, "NEEDS_DECISION repair_held")
    assert (house.root / MAIL / "delivery_receipt.json").read_bytes() == receipt, "what was delivered is still told"
    house.run("doit run --resend-repaired")
    assert house.mails == 2
    assert "nothing posted" in house.run()
    assert house.mails == 2


@pytest.mark.slow
def test_a_profile_may_allow_repairs_to_be_sent(house: House) -> None:
    house.profile.write_text(house.smtp + "repairs: resend\n")
    house.repair()
    house.run()
    assert house.mails == 2


@pytest.mark.slow
def test_a_person_leaves_it_at_what_was_delivered_before_a_repair(house: House) -> None:
    sent = house.read("receipt")
    house.repair()
    house.run(exit_status=1)
    house.settle("--arrived --note 'a typo only'")
    house.run()
    assert (house.mails, house.read("receipt"), house.state()) == (1, sent, "COMPLETED already_delivered")
    assert "nothing posted" in house.run()


@pytest.mark.slow
def test_a_receipt_that_somebody_deleted_is_made_again_and_no_mail_sent(house: House) -> None:
    receipt = house.read("receipt")
    (house.root / MAIL / "delivery_receipt.json").unlink()
    house.run()
    assert (house.mails, house.read("receipt")) == (1, receipt)


@pytest.mark.slow
def test_a_mail_is_sent_again_when_somebody_asks_for_it(house: House) -> None:
    shutil.rmtree(house.root / "runtime")
    house.run("doit run -a step:tenant/tea/mail")
    assert house.mails == 2


@pytest.mark.slow
def test_a_mail_that_was_only_written_to_the_outbox_has_reached_nobody(tmp_path: Path, mail_server, authority) -> None:
    with mail_server() as server:
        house = House(tmp_path / "repo", server, authority)
        house.profile.write_text(OUTBOX + "delivery: {email: {transport: outbox, outbox_dir: outbox, "
                                          "from: us@platform.example}}\n")
        house.run()
        assert house.mails == 0
        shutil.rmtree(house.root / "runtime")
        house.profile.write_text(house.smtp)
        assert "NEEDS_DECISION repair_held" in house.run(exit_status=1)
        assert house.mails == 0, "the operator's change of the profile mails nobody by itself"
        house.run("doit run --resend-repaired")
        assert house.mails == 1


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["runtime", "runtime/tenant/tea/one", "runtime/tenant/tea/package/outputs"])
def test_a_quote_says_of_what_is_lost_here_what_the_run_does(house: House, gone: str) -> None:
    shutil.rmtree(house.root / gone)
    quoted = house.run("python -m platform.cli quote")
    assert "deliveries" not in quoted and " 0 charged" in quoted
    house.run()
    assert house.mails == 1


@pytest.mark.slow
def test_a_quote_of_a_repair_below_what_is_lost_says_that_the_delivery_waits(house: House) -> None:
    house.repair()
    shutil.rmtree(house.root / "runtime/tenant/tea/package/outputs")
    assert "with another, each waits for your decision" in house.run("python -m platform.cli quote")
    house.run(exit_status=1)
    assert house.mails == 1
