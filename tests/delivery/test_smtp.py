"""Mail through a real SMTP server on this machine, over TLS and with log-in, and every way in which it can go wrong."""
import dataclasses
import hashlib
import smtplib
import socket
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from platform.delivery.email import Mail, message_id
from platform.delivery.flow import deliver
from platform.delivery.smtp import Server, SmtpProvider
from tests.support import LONGEST_WAIT_S

MAIL = Mail("us@platform.example", "reader@harbour.example", "Boats", "A line.\n.\n..\nThe end.")
USERS = {"robot": "a long password"}


def now() -> datetime:
    return datetime(2026, 11, 24, 12, tzinfo=UTC)


def send(parcel, server, authority, mail=MAIL, **settings):
    chosen = {"security": "starttls", "ca_file": authority.ca_file, "timeout_s": 10.0} | settings
    return deliver(SmtpProvider(mail, Server(server.host, server.port, **chosen), now), parcel, now)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_byte_for_byte_over_tls_with_log_in(parcel, mail_server, authority, security):
    with mail_server(security=security, users=USERS) as server:
        delivery = send(parcel, server, authority, security=security, username="robot", password="a long password")
    assert delivery.completed, delivery.message
    [envelope] = server.received
    assert (envelope.mail_from, envelope.rcpt_tos) == (MAIL.sender, [MAIL.recipient])
    message = message_from_bytes(envelope.content, policy=default)
    [attached] = message.iter_attachments()
    assert attached.get_content() == parcel.package.read_bytes()
    assert message.get_body().get_content().startswith("A line.\r\n.\r\n..\r\nThe end.\r\n")
    assert server.logged_in == ["robot"]
    assert message["Message-ID"] == message_id(MAIL, parcel) == delivery.receipt.remote_object_id


def test_what_the_server_took_is_completed_and_its_words_are_kept(parcel, mail_server, authority):
    with mail_server() as server:
        delivery = send(parcel, server, authority)
    assert (delivery.completed, delivery.receipt.verification_status) == (True, "unverified")
    assert delivery.receipt.note == f"127.0.0.1:{server.port} took it: 250 taken as mail-42"
    assert not delivery.receipt.recorded


REFUSED = [
    ("a recipient that does not exist", {"rcpt": "550 5.1.1 no such mailbox"}, "550 5.1.1 no such mailbox"),
    ("a server that wants us to wait", {"rcpt": "451 4.7.1 greylisted"}, "451 4.7.1 greylisted"),
    ("a message that is not liked", {"data": "554 5.7.1 looks like spam"}, "554 5.7.1 looks like spam"),
    ("a full disk over there", {"data": "452 4.3.1 no space"}, "452 4.3.1 no space"),
]


@pytest.mark.parametrize(("story", "how", "words"), REFUSED)
def test_a_refusal_is_certain_and_refundable(parcel, mail_server, authority, story, how, words):
    with mail_server(**how) as server:
        delivery = send(parcel, server, authority)
    reason = "recipient_refused" if how.get("rcpt", "").startswith("5") else "delivery_failed"
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, reason, None)
    assert words in delivery.message


def test_after_a_refused_recipient_nothing_of_the_mail_is_sent(parcel, mail_server, authority):
    with mail_server(rcpt="550 no such mailbox") as server:
        send(parcel, server, authority)
    assert server.received == []


def test_a_connection_lost_after_the_message_leaves_it_unverified(parcel, mail_server, authority):
    """The server may have queued the mail: its charge stays, nothing is refunded."""
    with mail_server(cut_after_data=True) as server:
        delivery = send(parcel, server, authority)
    assert len(server.received) == 1
    assert (delivery.completed, delivery.reason_slug) == (False, "unverified")
    assert delivery.receipt.verification_status == "unverified"
    assert "nobody can tell" in delivery.message


@pytest.mark.parametrize("answer", [
    b"2", b"25", b"250", b"250 o", b"250-ok\r\n", b"250-ok\r\n250", b"2xx what\r\n", b"354 more\r\n", b"220 hi\r\n",
    b"4", b"451", b"550 n", b"550-no\r\n", b"250-ok\r\n550 no\r\n", b"\r\n", b"ok\r\n", b"250_ok\r\n", b"650 no\r\n",
    b"250 " + b"x" * 200_000 + b"\r\n", b"250-ok\r\n" * 1000 + b"250 ok\r\n"])
def test_a_reply_that_neither_takes_nor_refuses_leaves_it_unverified(parcel, mail_server, authority, answer):
    """Only a complete refusal proves that the server does not have the mail."""
    with mail_server(raw_answer=answer) as server:
        delivery = send(parcel, server, authority)
    assert (len(server.received), delivery.completed, delivery.reason_slug) == (1, False, "unverified")


@pytest.mark.parametrize(("answer", "reason"), [
    (b"250 ok\r\n", ""), (b"250\r\n", ""), (b"250-queued\r\n250 as 42\r\n", ""), (b"250 ok\n", ""),
    (b"550 no\r\n", "delivery_failed"), (b"451-later\r\n451 please\r\n", "delivery_failed")])
def test_a_whole_reply_is_certain(parcel, mail_server, authority, answer, reason):
    with mail_server(raw_answer=answer) as server:
        delivery = send(parcel, server, authority)
    assert (delivery.completed, "" if delivery.completed else delivery.reason_slug) == (not reason, reason)


def test_the_mail_that_is_sent_again_has_the_same_message_id(parcel, mail_server, authority):
    with mail_server(cut_after_data=True) as server:
        send(parcel, server, authority)
        server.cut_after_data = False
        assert send(parcel, server, authority).completed
    first, second = (message_from_bytes(envelope.content)["Message-ID"] for envelope in server.received)
    assert first == second


@pytest.mark.slow
def test_a_connection_lost_before_the_end_of_the_message_is_a_certain_failure(parcel, tmp_path):
    """A server that says 354 and hangs up: it never saw the end of the message, so it has none."""
    data = bytes(16 << 20)  # more than the buffers between us hold
    (tmp_path / "package.zip").write_bytes(data)
    parcel = dataclasses.replace(parcel, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            for answer in (b"250 hello\r\n", b"250 sender\r\n", b"250 recipient\r\n", b"354 go on\r\n"):
                lines.readline()
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        server = Server("127.0.0.1", listener.getsockname()[1], security="none", timeout_s=10.0)
        delivery = deliver(SmtpProvider(MAIL, server, now), parcel, now)
    finally:
        thread.join(timeout=LONGEST_WAIT_S)
        listener.close()
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "delivery_failed", None)


def test_a_wrong_password_sends_nothing_and_is_in_no_message(parcel, mail_server, authority):
    with mail_server(users=USERS) as server:
        delivery = send(parcel, server, authority, username="robot", password="a wrong one")
    assert (delivery.completed, delivery.reason_slug) == (False, "delivery_failed")
    assert server.received == []
    assert "wrong one" not in delivery.message + str(delivery.events)


def test_a_certificate_of_an_unknown_authority_is_refused(parcel, mail_server, authority):
    with mail_server() as server:
        delivery = send(parcel, server, authority, ca_file="")
    assert (delivery.completed, delivery.reason_slug) == (False, "delivery_failed")
    assert "certificate" in delivery.message.lower()
    assert server.received == []


def test_a_server_without_starttls_gets_no_mail_in_clear(parcel, mail_server, authority):
    with mail_server(security="none") as server:
        delivery = send(parcel, server, authority, security="starttls")
        assert (delivery.completed, delivery.reason_slug) == (False, "delivery_failed")
        assert server.received == []
        assert send(parcel, server, authority, security="none").completed  # only when the profile says so


def test_a_password_never_goes_over_a_line_in_clear(parcel, mail_server, authority):
    with mail_server(security="none") as server:
        delivery = send(parcel, server, authority, security="none", username="robot", password="a long password")
    assert "without TLS" in delivery.message
    assert server.logged_in == []


def test_nobody_at_that_address_is_a_certain_failure(parcel, authority):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    delivery = deliver(SmtpProvider(MAIL, Server("127.0.0.1", port, timeout_s=10.0), now), parcel, now)
    assert (delivery.completed, delivery.reason_slug) == (False, "delivery_failed")
    assert f"127.0.0.1:{port}" in delivery.message


JOERG = dataclasses.replace(MAIL, recipient="jörg@weather.example", smtputf8=True)


def test_a_server_without_smtputf8_gets_no_address_beyond_ascii(parcel, mail_server, authority):
    with mail_server() as server:
        delivery = send(parcel, server, authority, JOERG)
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "bad_input_format", None)
    assert "SMTPUTF8" in delivery.message
    assert (server.offered, server.received) == ([], [])


def test_a_server_with_smtputf8_gets_it(parcel, mail_server, authority):
    mail = dataclasses.replace(JOERG, sender="büro@platform.example")
    with mail_server(smtputf8=True) as server:
        assert send(parcel, server, authority, mail).completed
    [envelope], [options] = server.received, server.offered
    assert (envelope.mail_from, envelope.rcpt_tos) == (mail.sender, [mail.recipient])
    assert {"SMTPUTF8", "BODY=8BITMIME"} < set(options)
    head = envelope.content.partition(b"\r\n\r\n")[0].decode()
    assert f"From: {mail.sender}\r\nTo: {mail.recipient}\r\n" in head


def test_an_ascii_address_asks_for_no_smtputf8(parcel, mail_server, authority):
    with mail_server(smtputf8=True) as server:
        assert send(parcel, server, authority).completed
    assert server.offered == [[f"SIZE={len(server.received[0].content)}"]]


def test_a_mail_that_is_larger_than_the_server_takes_is_not_begun(parcel, mail_server, authority):
    with mail_server(size_limit=1000) as server:
        delivery = send(parcel, server, authority)
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "delivery_failed", None)
    assert "accepts at most 1000" in delivery.message
    assert (server.offered, server.received) == ([], [])


@pytest.mark.parametrize("error", [UnicodeEncodeError("ascii", "ö", 0, 1, "no"), ValueError("odd"), KeyError("odd"),
                                   TypeError("odd"), AttributeError("odd"), RuntimeError("odd")], ids=repr)
def test_whatever_fails_before_the_end_of_the_message_is_a_certain_failure(parcel, mail_server, authority,
                                                                           monkeypatch, error):
    def fail(*_arguments, **_named):
        raise error
    monkeypatch.setattr(smtplib.SMTP, "docmd", fail)
    with mail_server(security="none") as server:
        delivery = send(parcel, server, authority, security="none")
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "delivery_failed", None)
    assert type(error).__name__ in delivery.message
    assert server.received == []


def test_a_server_whose_name_cannot_be_encoded_is_a_certain_failure(parcel):
    delivery = deliver(SmtpProvider(MAIL, Server("x" * 64 + ".example", 25, security="none"), now), parcel, now)
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "delivery_failed", None)


def test_a_machine_whose_own_name_is_not_ascii_sends_too(parcel, mail_server, authority, monkeypatch):
    monkeypatch.setattr(socket, "getfqdn", lambda *_name: "bücherei")
    with mail_server() as server:
        assert send(parcel, server, authority).completed


def test_a_server_that_does_not_answer_the_message_in_time_leaves_it_unverified(parcel, mail_server, authority):
    gate = threading.Event()
    with mail_server(gate=gate) as server:
        delivery = send(parcel, server, authority, answer_timeout_s=0.5)
        gate.set()
    assert (delivery.completed, delivery.reason_slug) == (False, "unverified")


def test_a_message_that_is_not_handed_over_in_time_is_certainly_not_sent(parcel, mail_server, authority):
    """Before the dot the step's own time counts, and what it ends is no doubt."""
    with mail_server() as server:
        delivery = send(parcel, server, authority, within_s=1e-9)
    assert (delivery.reason_slug, server.received) == ("delivery_failed", [])
    assert "was not handed over within 1e-09 s" in delivery.message


def test_the_waits_are_those_of_the_rfc():
    """RFC 5321, section 4.5.3.2: ten minutes for the answer to the message, five for a command."""
    server = Server("mail.test")
    assert (server.timeout_s, server.answer_timeout_s) == (300.0, 600.0)
