"""An address that the mail server cannot take costs nothing: whole runs, and a real mail server
without SMTPUTF8."""
from pathlib import Path

from tests.delivery.house import MAIL, ORDER, House
from tests.support import rows


def _house(root: Path, server, authority, recipient: str, more: str = "") -> House:
    house = House(root, server, authority, more)
    (house.root / "tenants/tenant/workorders/tea.yml").write_text(
        ORDER.replace("reader@tenant.test", recipient)
    )
    return house


def test_an_address_that_the_profile_says_nothing_of_is_refused_before_it_is_charged(
    tmp_path, mail_server, authority
):
    with mail_server() as server:
        house = _house(tmp_path / "repo", server, authority, "jörg@tenant.test")
        told = house.run(exit_status=10)
    assert "error[address-needs-smtputf8]: `recipient_email` `jörg@tenant.test`" in told
    assert not [
        row
        for row in rows(house.root / ".billing-state/transactions.csv")
        if row["type"] == "SPEND"
    ]


def test_an_address_that_the_server_does_not_take_is_refunded(tmp_path, mail_server, authority):
    with mail_server() as server:
        house = _house(tmp_path / "repo", server, authority, "jörg@tenant.test", ", smtputf8: true")
        told = house.run(exit_status=1)
    assert "SMTPUTF8" in told
    assert server.received == []
    assert not (house.root / MAIL / "delivery_receipt.json").exists()
    items = [
        row
        for row in rows(house.root / ".billing-state/transaction_items.csv")
        if row["step_id"] == "mail"
    ]
    assert sum(int(row["amount_credits"]) for row in items) == 0 < len(items)


def test_a_domain_in_another_script_is_sent_to(tmp_path, mail_server, authority):
    with mail_server() as server:
        _house(tmp_path / "repo", server, authority, "reader@bücher.test").run()
    [envelope] = server.received
    assert envelope.rcpt_tos == ["reader@xn--bcher-kva.test"]
