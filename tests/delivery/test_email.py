"""What a mail is and who gets one, before any server is asked."""
import dataclasses
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from platform.delivery.email import CAP_BYTES, Mail, admit, message_bytes, message_id
from platform.delivery.flow import deliver
from platform.delivery.outbox import Outbox
from platform.ports.provider import Declined, Listed

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAIL = Mail("us@platform.example", "reader@harbour.example", "Bøker", "Your package is attached.\n.\nBye.")


def now() -> datetime:
    return NOON


def sized(parcel, size):
    return dataclasses.replace(parcel, bytes=size)


def test_the_cap_is_19_point_9_megabytes():
    assert CAP_BYTES == 20_866_662 == int(19.9 * 1024 * 1024)


@pytest.mark.parametrize(("size", "goes"), [(0, True), (20_866_661, True), (20_866_662, False), (99_000_000, False)])
def test_a_package_at_the_cap_is_not_sent_and_one_byte_less_is(parcel, size, goes):
    if goes:
        admit(MAIL, sized(parcel, size), [])
        return
    with pytest.raises(Declined) as declined:
        admit(MAIL, sized(parcel, size), [])
    assert declined.value.reason_slug == "package_too_large_for_email"


@pytest.mark.parametrize(("recipient", "slug"), [
    ("", "missing_required_input"),
    ("two@harbour.example, three@harbour.example", "bad_input_format"),
    ("reader@harbour.example\r\nBcc: all@harbour.example", "bad_input_format"),
    ("no address", "bad_input_format"),
    ("reader@mailinator.com", "recipient_domain_stoplisted"),
    ("reader@in.MailInator.com", "recipient_domain_stoplisted"),
])
def test_who_gets_no_mail(parcel, recipient, slug):
    with pytest.raises(Declined) as declined:
        admit(dataclasses.replace(MAIL, recipient=recipient), parcel, ["mailinator.com"])
    assert declined.value.reason_slug == slug


def test_a_domain_that_only_ends_alike_is_not_stop_listed(parcel):
    admit(dataclasses.replace(MAIL, recipient="reader@notmailinator.com"), parcel, ["mailinator.com"])


def test_a_subject_cannot_add_a_header(parcel):
    with pytest.raises(Declined, match="LINE FEED"):
        admit(dataclasses.replace(MAIL, subject="Hello\nBcc: all@harbour.example"), parcel, [])


def test_half_a_character_in_the_body_is_told_before_anything_is_sent(parcel):
    with pytest.raises(Declined, match="a surrogate"):
        admit(dataclasses.replace(MAIL, body="a\ud800b"), parcel, [])


def test_a_mail_names_the_first_fifty_files(parcel):
    many = dataclasses.replace(parcel, contents=tuple(Listed(f"{number}.txt", 1) for number in range(53)))
    text = message_bytes(MAIL, many, NOON).decode()
    assert "49.txt (1 byte)" in text
    assert "50.txt" not in text
    assert "and 3 more" in text


def test_a_mail_has_one_recipient_the_package_and_what_is_in_it(parcel):
    message = message_from_bytes(message_bytes(MAIL, parcel, NOON), policy=default)
    assert (message["To"], message["From"], message["Subject"]) == (MAIL.recipient, MAIL.sender, "Bøker")
    assert message["Date"] == "Tue, 24 Nov 2026 12:00:00 +0000"
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("package.zip", "application/zip")
    assert attached.get_content() == parcel.package.read_bytes()
    text = message.get_body().get_content().replace("\r\n", "\n")
    assert text.startswith(MAIL.body + "\n\npackage.zip: 34 bytes")
    assert "outline.txt (12 bytes)" in text
    assert parcel.sha256 in text


def test_the_same_mail_twice_differs_in_its_date_alone(parcel):
    one, other = (message_bytes(MAIL, parcel, NOON + timedelta(hours=hours)) for hours in (0, 1))
    lines = [(a, b) for a, b in zip(one.splitlines(), other.splitlines(), strict=True) if a != b]
    assert lines == [(b"Date: Tue, 24 Nov 2026 12:00:00 +0000", b"Date: Tue, 24 Nov 2026 13:00:00 +0000")]


def test_another_package_or_another_delivery_is_another_mail(parcel):
    ids = {message_id(MAIL, each) for each in (parcel, dataclasses.replace(parcel, delivery_key="Key1"),
                                               dataclasses.replace(parcel, sha256="0" * 64))}
    assert len(ids) == 3
    assert message_id(MAIL, parcel).endswith("@platform.example>")


def test_the_outbox_holds_the_mail_and_says_that_nobody_got_it(parcel, tmp_path):
    delivery = deliver(Outbox(MAIL, tmp_path / "outbox", now), parcel, now)
    [file] = (tmp_path / "outbox").glob("*/*")
    assert file.read_bytes() == message_bytes(MAIL, parcel, NOON)
    assert file.name == f"Key0-{parcel.sha256[:12]}.eml"
    assert delivery.receipt.as_json() == {
        "provider": "email", "delivered_at": "2026-11-24T12:00:00Z", "remote_object_id": message_id(MAIL, parcel),
        "bytes": parcel.bytes, "sha256": parcel.sha256, "verification_status": "verified", "recorded": True,
        "note": "written to the outbox, sent to nobody"}


def test_the_outbox_is_looked_into_before_it_is_written(parcel, tmp_path):
    outbox = Outbox(MAIL, tmp_path / "outbox", now)
    deliver(outbox, parcel, now)
    assert deliver(outbox, parcel, now).receipt.verification_status == "already_exists_verified"


def test_a_mail_that_was_torn_in_the_outbox_is_written_again(parcel, tmp_path):
    outbox = Outbox(MAIL, tmp_path / "outbox", now)
    deliver(outbox, parcel, now)
    [file] = (tmp_path / "outbox").glob("*/*")
    file.write_bytes(file.read_bytes()[:-60])
    assert deliver(outbox, parcel, now).receipt.verification_status == "verified"
    assert file.read_bytes() == message_bytes(MAIL, parcel, NOON)


def test_an_outbox_that_takes_nothing_is_a_certain_failure(parcel, tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    delivery = deliver(Outbox(MAIL, tmp_path / "outbox", now), parcel, now)
    assert not delivery.completed
    assert delivery.receipt is None or delivery.reason_slug == "unverified"
