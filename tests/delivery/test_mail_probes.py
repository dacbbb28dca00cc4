"""Mails that try to be another mail: sent through a real server and into the outbox, and read by
two parsers."""
import shutil
from datetime import UTC, datetime

import pytest

from platform.delivery.email import admit, message_bytes
from platform.delivery.flow import deliver
from platform.delivery.outbox import Outbox
from platform.delivery.smtp import Server, SmtpProvider
from platform.ports.provider import Declined
from tests.delivery import round_trip
from tests.delivery.mail_probes import ARRIVES, PLAIN, PROBES, REFUSED
from tests.delivery.reading import by_postal_mime, by_python
from tests.support import ROOT

HEADERS = (
    "auto-submitted",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "subject",
    "to",
    "x-package-sha256",
)


def now() -> datetime:
    return datetime(2026, 11, 24, 12, tzinfo=UTC)


def has_peer() -> bool:
    return bool(shutil.which("node")) and (ROOT / "build/peers/node_modules/postal-mime").is_dir()


def attempt(mail, parcel, provider) -> str:
    """`arrives`, or the reason slug."""
    try:
        admit(mail, parcel, [])
    except Declined as declined:
        return declined.reason_slug
    delivery = deliver(provider, parcel, now)
    return ARRIVES if delivery.completed else delivery.reason_slug


def held(probe, parcel, said):
    mail = probe.mail
    assert said.headers == HEADERS
    assert said.recipients == (probe.arrives_at or mail.recipient,)
    assert said.sender == (mail.sender_name, mail.sender)
    assert said.subject == mail.subject
    body = mail.body.replace("\r\n", "\n").replace("\r", "\n")
    listed = f"package.zip: {parcel.bytes} bytes, SHA-256 {parcel.sha256}\n  outline.txt (12 bytes)"
    assert said.text == f"{body}\n\n{listed}"
    assert said.attachments == (("package.zip", parcel.sha256),)


def test_there_are_enough_probes_of_both_kinds():
    assert len({probe.name for probe in PROBES}) == len(PROBES) > 90
    assert {probe.expected for probe in PROBES} == {ARRIVES, REFUSED}


@pytest.mark.slow
def test_every_probe_arrives_as_it_was_asked_for_or_not_at_all(parcel, mail_server, tmp_path):
    with mail_server(security="none") as server:
        for probe in PROBES:
            server.received.clear()
            smtp = SmtpProvider(
                probe.mail, Server(server.host, server.port, security="none", timeout_s=10.0), now
            )
            assert attempt(probe.mail, parcel, smtp) == probe.expected, probe.name
            outbox = tmp_path / "outbox" / str(PROBES.index(probe))
            assert attempt(probe.mail, parcel, Outbox(probe.mail, outbox, now)) == probe.expected, (
                probe.name
            )
            if probe.expected != ARRIVES:
                assert (server.received, [*outbox.glob("*/*")]) == ([], []), probe.name
                continue
            [envelope], [file] = server.received, outbox.glob("*/*")
            assert envelope.rcpt_tos == [probe.arrives_at or probe.mail.recipient]
            assert envelope.mail_from == probe.mail.sender
            assert envelope.content == file.read_bytes() == message_bytes(probe.mail, parcel, now())
            held(probe, parcel, by_python(envelope.content))


@pytest.mark.skipif(not has_peer(), reason="postal-mime is not installed: run scripts/setup_peers")
def test_a_parser_of_others_reads_every_probe_the_same(parcel):
    arriving = [probe for probe in PROBES if probe.expected == ARRIVES]
    read = by_postal_mime([message_bytes(probe.mail, parcel, now()) for probe in arriving])
    for probe, said in zip(arriving, read, strict=True):
        held(probe, parcel, said)


@pytest.mark.slow
def test_random_subjects_names_and_texts_read_back_as_they_were_written():
    """A bounded part; `python -m tests.delivery.round_trip` does ten thousand."""
    assert round_trip.wrong(200, seed=7, peer=has_peer()) == []


TAMPERED = {
    "a header more": (b"\r\nTo:", b"\r\nBcc: all@evil.example\r\nTo:"),
    "a header less": (b"Auto-Submitted: auto-generated\r\n", b""),
    "a header twice": (b"\r\nTo:", b"\r\nSubject: Boats\r\nTo:"),
    "another recipient": (b"To: reader@", b"To: all@evil.example, reader@"),
    "another subject": (b"Subject: Boats", b"Subject: =?utf-8?q?Boots?="),
    "a subject that decodes to a header": (
        b"Subject: Boats",
        b"Subject: Boats=?utf-8?q?=0D=0ABcc:?=",
    ),
    "a bare line feed": (b"Subject: Boats\r\n", b"Subject: Boats\n"),
    "a bare carriage return": (b"attached.\r\n", b"attached.\r"),
    "a text that ends early": (b"attached.\r\n", b"attached.\r\n\r\n--=_%b--\r\n"),
    "another text": (b"is attached.", b"is detached."),
    "an attachment more": (
        b"\r\nContent-Type: application/zip",
        b"\r\nContent-Type: text/html\r\n\r\nx\r\n--=_%b\r\nContent-Type: application/zip",
    ),
    "other bytes": (b"UEsg", b"UEsh"),
    "another file name": (b'filename="package.zip"', b'filename="package.exe"'),
    "a long line": (b"is attached.", b"is attached." + b" " * 1000),
    "text after the end": (b"--=_%b--\r\n", b"--=_%b--\r\nmore\r\n"),
}


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_a_mail_that_was_written_otherwise_is_found_before_it_is_sent(
    parcel, monkeypatch, old, new
):
    from platform.delivery import email
    identity = parcel.identity.encode()
    old, new = (part.replace(b"%b", identity) for part in (old, new))
    honest = email.written
    monkeypatch.setattr(email, "written", lambda letter: honest(letter).replace(old, new, 1))
    with pytest.raises(Declined, match="nothing was sent"):
        message_bytes(PLAIN, parcel, now())
