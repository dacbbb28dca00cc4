"""A mail that may have arrived is sent twice at most; then a person decides. Whole runs and a real mail server.

The server takes the message and cuts the connection before it answers: nobody can tell whether the mail arrived.
"""
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.house import House, start
from tests.support import until


@pytest.fixture
def house(tmp_path: Path, mail_server, authority) -> Iterator[House]:
    with mail_server(cut_after_data=True) as server:
        yield House(tmp_path / "repo", server, authority)


@pytest.fixture
def held(house: House) -> House:
    """After two attempts."""
    house.run(exit_status=1)
    house.run(exit_status=1)
    assert (house.mails, house.state()) == (2, "NEEDS_DECISION unverified")
    return house


@pytest.mark.slow
def test_a_mail_is_sent_twice_at_most_however_many_runs_there_are(house: House) -> None:
    assert "unverified" in house.run(exit_status=1)
    assert (house.mails, house.state()) == (1, "FAILED unverified")
    told = house.run(exit_status=1)
    assert "NEEDS_DECISION unverified" in told and "tenant/tea PARTIAL unverified" in told
    assert "delivery settle tenant/tea/mail --arrived|--resend|--refund --note TEXT" in told
    posts = house.posts
    for line in ("doit run", "doit run -a step:tenant/tea/mail", "python -m platform.cli orchestrator",
                 "doit run --retry-failed --resend-repaired"):
        house.run(line, exit_status=1)
        assert (house.mails, house.posts) == (2, posts), line
    assert house.state() == "NEEDS_DECISION unverified"
    house.run("python -m platform.cli ledger verify")
    house.run("python -m platform.cli ledger audit")


@pytest.mark.slow
@pytest.mark.parametrize("retries", [1, 5])
def test_retries_of_a_step_count_as_attempts(house: House, retries: int) -> None:
    order = house.root / "tenants/tenant/workorders/tea.yml"
    order.write_text(order.read_text().replace("kind: delivery\n", f"kind: delivery\n    retries: {retries}\n"))
    house.run(exit_status=1)
    assert (house.mails, house.state()) == (2, "NEEDS_DECISION unverified")


@pytest.mark.slow
def test_a_runner_that_lost_its_runtime_folder_knows_how_often_it_was_tried(house: House) -> None:
    for _ in range(4):
        house.run(exit_status=1)
        shutil.rmtree(house.root / "runtime")
    assert house.mails == 2
    house.run(exit_status=1)
    assert (house.mails, house.state()) == (2, "NEEDS_DECISION unverified")


@pytest.mark.slow
def test_a_person_says_that_it_arrived(held: House) -> None:
    balance = held.balance
    assert "it arrived; the next run completes it" in held.settle("--arrived --note 'they rang'")
    assert "decided before, nothing changed" in held.settle("--arrived --note 'said again'")
    assert "decided arrived at" in held.settle("--refund --note x", 11)
    assert "decided arrived at" in held.settle("--resend --note x", 11)
    held.run()
    assert (held.mails, held.balance, held.state()) == (2, balance, "COMPLETED settled_as_arrived")
    assert "they rang" in held.read("receipt")["note"]
    assert "nothing posted" in held.run()
    shutil.rmtree(held.root / "runtime")
    held.run()
    assert held.mails == 2
    assert "settled: arrived, by " in held.run("python -m platform.cli statement --tenant-id tenant")
    held.run("python -m platform.cli ledger audit")
    held.run("python -m platform.cli integrity-validate")


@pytest.mark.slow
def test_a_person_has_it_sent_once_more(held: House) -> None:
    held.settle("--resend --note 'they have nothing'")
    held.run(exit_status=1)
    assert (held.mails, held.state()) == (3, "NEEDS_DECISION unverified")
    held.run(exit_status=1)
    assert held.mails == 3
    held.settle("--resend --note 'still nothing'")
    held.server.cut_after_data = False
    held.run()
    assert (held.mails, held.state()) == (4, "COMPLETED")
    held.run("python -m platform.cli ledger audit")


@pytest.mark.slow
def test_a_quote_says_that_a_person_has_it_sent_once_more(held: House) -> None:
    quote = "python -m platform.cli quote"
    assert "waits for your decision" in held.run(quote)
    held.settle("--resend --note 'they have nothing'")
    said = held.run(quote)
    assert "would send again" in said and "waits for your decision" not in said
    assert '"deliveries_again": 1' in held.run(f"{quote} --json")
    shutil.rmtree(held.root / "runtime")
    assert "would send again" in held.run(quote)
    held.run(exit_status=1)
    assert (held.mails, "would send again" in held.run(quote)) == (3, False)
    held.settle("--arrived --note 'they rang'")
    assert "would send again" not in held.run(quote)


@pytest.mark.slow
def test_a_quote_says_that_a_repair_is_sent_because_a_person_said_so(house: House) -> None:
    quote = "python -m platform.cli quote"
    house.server.cut_after_data = False
    house.run()
    house.repair()
    house.run(exit_status=1)
    house.settle("--resend --note 'they want the better one'")
    assert "would send again" in house.run(quote)
    house.run()
    assert (house.mails, "would send again" in house.run(quote)) == (2, False)


@pytest.mark.slow
def test_a_person_gives_it_back_and_it_is_not_bought_again_by_itself(held: House) -> None:
    before = held.balance
    assert "1 credit refunded" in held.settle("--refund --note 'they do not want it'")
    assert "decided before" in held.settle("--refund --note 'said again'")
    assert "decided refund at" in held.settle("--arrived --note x", 11)
    assert held.balance == before + 1
    posts = held.posts
    for line in ("doit run", "doit run step:tenant/tea/mail", "doit run -a step:tenant/tea/mail"):
        told = held.run(line, exit_status=1)
        assert "NEEDS_DECISION" in told and "refunded_by_decision" in told, line
        assert (held.mails, held.posts) == (2, posts), line
    assert held.state() == "NEEDS_DECISION refunded_by_decision"
    shutil.rmtree(held.root / "runtime")
    held.run(exit_status=1)
    assert (held.mails, held.posts) == (2, posts)
    held.run("python -m platform.cli ledger audit")
    held.server.cut_after_data = False
    held.run("doit run --retry-failed")
    assert (held.mails, held.balance, held.state()) == (3, before, "COMPLETED")
    held.run("python -m platform.cli ledger audit")


@pytest.mark.slow
def test_an_edited_order_is_new_work_and_the_doubt_of_before_can_still_be_settled(held: House) -> None:
    order = held.root / "tenants/tenant/workorders/tea.yml"
    order.write_text(order.read_text().replace("reader@", "another@"))
    before = held.balance
    held.server.cut_after_data = False
    held.run()
    assert (held.mails, held.balance) == (3, before - 1), "what may have arrived is not refunded by an edit"
    held.settle("--refund --note 'the first address was wrong'")
    assert held.balance == before
    assert "nothing posted" in held.run()
    held.run("python -m platform.cli ledger audit")


@pytest.mark.slow
def test_what_is_mistyped_or_has_nothing_to_settle_is_told(house: House) -> None:
    house.server.cut_after_data = False
    house.run()
    settle = "python -m platform.cli delivery settle"
    assert "has nothing to settle" in house.settle("--arrived --note x", 2)
    assert "did you mean tenant/tea/mail?" in house.run(f"{settle} tenant/tea/mial --arrived --note x", 2)
    assert "did you mean tenant/tea/mail?" in house.run(f"{settle} step:tenant/tee/mail --arrived --note x", 2)
    assert "is not a delivery" in house.run(f"{settle} tenant/tea/one --refund --note x", 2)
    assert "write TENANT/ORDER/STEP" in house.run(f"{settle} workorder:tenant/tea --refund --note x", 2)
    assert "--note is empty" in house.settle("--arrived --note ' '", 2)
    house.settle("--arrived --refund --note x", 2)
    house.settle("--note x", 2)
    assert house.mails == 1


@pytest.mark.slow
def test_an_unreachable_server_is_tried_in_every_run_and_counts_for_nothing(house: House) -> None:
    house.server.cut_after_data = False
    working = house.profile.read_text()
    house.profile.write_text(working.replace(f"port: {house.server.port}", "port: 1"))
    for _ in range(4):
        house.run(exit_status=1)
        assert house.state() == "FAILED delivery_failed"
    house.profile.write_text(working)
    house.run()
    assert (house.mails, house.state()) == (1, "COMPLETED")
    house.run("python -m platform.cli ledger audit")


@pytest.mark.slow
@pytest.mark.parametrize("bought", [False, True])
def test_a_module_that_cannot_look_is_not_started_a_third_time(house: House, bought: bool) -> None:
    """One of its own making, which dies after it has sent: it would send whatever it is told."""
    sent = house.root / "sent.txt"
    order = house.root / "tenants/tenant/workorders/tea.yml"
    if not bought:
        order.write_text(order.read_text().replace("    deliverables: [delivery_receipt, delivery_log]\n", ""))
    (house.root / "modules/deliver_email/src/run.py").write_text(
        f"import os\n\n\ndef run(params, outputs_dir):\n    with open({str(sent)!r}, 'a') as file:\n"
        "        file.write('mail\\n')\n    os._exit(1)\n")
    for _ in range(4):
        house.run(exit_status=1)
    assert (sent.read_text(), house.state()) == ("mail\n" * 2, "NEEDS_DECISION unverified")
    house.settle("--arrived --note 'they have it'")
    told = house.run(exit_status=1 if bought else 0)
    assert sent.read_text() == "mail\n" * 2
    assert ("cannot look without sending" in told) is bought, "nobody can make the receipt that was bought"


@pytest.mark.slow
def test_a_delivery_that_another_process_is_at_is_not_settled(house: House) -> None:
    gate = house.server.gate = threading.Event()
    run = start(house)
    try:
        until(lambda: house.mails == 1, run)
        assert f"process {run.pid} is delivering it and may do so until" in house.settle("--refund --note x", 11)
    finally:
        gate.set()
    run.communicate(timeout=120)
    house.settle("--arrived --note 'they rang'")
    house.run()
    assert house.mails == 1


def test_a_certain_refusal_of_the_second_attempt_says_nothing_about_the_first(house: House) -> None:
    house.run(exit_status=1)
    house.server.rcpt = "550 no such mailbox"
    told = house.run(exit_status=1)
    assert "NEEDS_DECISION unverified" in told and "no such mailbox" in told
    assert "this attempt certainly delivered nothing, but an earlier try may have arrived" in told
    assert "delivery settle tenant/tea/mail" in told
    assert (house.mails, house.state(), house.kinds("refund")) == (1, "NEEDS_DECISION unverified", [])
    house.settle("--refund --note 'nobody there'")
    assert house.kinds("refund") == ["refund"]
