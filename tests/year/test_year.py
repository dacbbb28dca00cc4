"""A few days of the simulated year, and that its judge notices what must not happen."""
import smtplib
import socket
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.year import campaign, judge
from tests.year.receiver import Receiver


@pytest.mark.slow
def test_every_day_holds() -> None:
    """The clocks of the operator's country change on 28 March."""
    year = campaign.run(5, seed=1, tenants=5, first_day=date(2027, 3, 26))
    assert year.faults == [], campaign.told(year)
    assert year.days == 5 and year.counts["posts"] > 20


@pytest.mark.parametrize(("arrived", "doubtful", "resends", "wrong"), [
    (1, 0, 0, False), (2, 0, 0, True), (2, 1, 0, False), (3, 2, 0, True), (3, 2, 1, False), (3, 1, 1, True)])
def test_a_mail_that_arrives_too_often_is_noticed(arrived: int, doubtful: int, resends: int, wrong: bool) -> None:
    receiver = Receiver(arrived=Counter(m=arrived), doubtful=Counter(m=doubtful))
    found = judge.mails(SimpleNamespace(receiver=receiver, resends=resends, clones=[]))
    assert bool(found) is wrong


def test_a_mail_that_is_read_after_its_sender_was_killed_is_doubtful() -> None:
    """The server reads on for a while: what it finds was sent by a process that can no longer note the answer."""
    receiver = Receiver()
    controller = receiver.started()
    try:
        with receiver.killing_senders():
            sender = smtplib.SMTP("127.0.0.1", controller.port)
            sender.docmd("EHLO", "here")
            sender.docmd("MAIL", "FROM:<a@b.example>")
            sender.docmd("RCPT", "TO:<c@d.example>")
            sender.docmd("DATA")
            sender.sock.sendall(b"Message-ID: <m@x>\r\n\r\nbody\r\n.\r\n")
            sender.sock.shutdown(socket.SHUT_RDWR)
            sender.sock.close()
        assert receiver.arrived == receiver.doubtful == Counter({"m@x": 1})
    finally:
        controller.stop()


def test_a_balance_that_is_no_sum_is_noticed(tmp_path: Path) -> None:
    tables = {"transactions.csv": [{"tenant_id": "t", "amount_credits": "5"},
                                   {"tenant_id": "u", "amount_credits": "-1"}],
              "tenants_credits.csv": [{"tenant_id": "t", "credits_available": "6"},
                                      {"tenant_id": "u", "credits_available": "-1"}]}
    clone = SimpleNamespace(root=tmp_path)
    world = SimpleNamespace(clones=[clone], rows=lambda _, name: tables[name])
    assert judge.balances(world) == [f"{tmp_path.name}: t has 6, its rows come to 5", f"{tmp_path.name}: u has -1, its "
                                     "rows come to -1"]


def test_a_ledger_that_is_not_sound_is_noticed(tmp_path: Path) -> None:
    clone = SimpleNamespace(root=tmp_path, run=lambda at, *words: (int(words[1] == "audit"), "words"))
    found = judge.state(SimpleNamespace(clones=[clone]), datetime(2027, 1, 1, tzinfo=UTC))
    assert found == [f"{tmp_path.name}: ledger audit ends with 1: words"]
