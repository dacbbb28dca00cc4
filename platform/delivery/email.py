"""An e-mail with an attached package: its recipient, its size limit, and its bytes.

* A mail has one recipient, whose address must have a wire form that the server accepts.
* The subject is one line, the domain is not on the stop list, and the package is below the cap.
* The texts of a request are used as they are; nothing is decoded.
* The message is derived from the request. The Message-ID and the boundary are derived from the
  parcel's identity. The Date is an argument, and the only use of a clock. So a mail that is sent
  twice is the same mail, and mail programs show it once.
* Before a mail is sent, other parsers read its bytes back and must find exactly the requested mail
  (`delivery/read_back.py`).
"""
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from platform.delivery.letter import Letter
from platform.delivery.mime import header_names, written
from platform.delivery.read_back import difference
from platform.model.addresses import Address, read_address
from platform.model.characters import escaped, name_of, refused_in
from platform.model.words import counted
from platform.ports.provider import PACKAGE_NAME, Declined, Parcel

# 19.9 MB, for package.zip itself. Its base64 form stays below the usual limits of mail servers.
CAP_BYTES = 20_866_662
_LISTED = 50  # the largest number of files that the text of a mail lists
_IN_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mail:
    """The fields of an e-mail, as the tenant and the profile wrote them.

    `smtputf8`: according to the profile, the mail server accepts addresses with non-ASCII letters
    before the @.
    """

    sender: str
    recipient: str
    subject: str
    body: str
    sender_name: str = ""
    smtputf8: bool = False


def admit(mail: Mail, parcel: Parcel, stoplist: Iterable[str]) -> None:
    """Declined if this mail must not be sent: it is too large, or its recipient is missing or
    stop-listed. Call this before anything is sent."""
    if parcel.bytes >= CAP_BYTES:
        raise Declined(
            f"package.zip has {parcel.bytes} bytes, and an e-mail must have less than {CAP_BYTES}; "
            "package less, or deliver by another provider",
            "package_too_large_for_email",
        )
    if not mail.recipient:
        raise Declined("recipient_email is missing; add it to the step", "missing_required_input")
    _, recipient = addresses_of(mail)
    for name, line in (
        ("the subject", mail.subject),
        ("delivery.email.from_name of the profile", mail.sender_name),
    ):
        if refused := refused_in(line):
            raise Declined(
                f"{name} has {name_of(refused)}; write one line without it", "bad_input_format"
            )
    if found := _IN_NO_TEXT.search(mail.body):
        raise Declined(
            f"the body has {name_of(found[0])}; correct its source", "bad_input_format"
        )
    domain = recipient.domain.lower()
    for stopped in stoplist:
        if domain == stopped or domain.endswith("." + stopped):
            raise Declined(f"mail to {domain} is not sent: {stopped} is on the module's stop list; "
                           "write another recipient_email", "recipient_domain_stoplisted")


def addresses_of(mail: Mail) -> tuple[Address, Address]:
    """Sender and recipient in their wire form. Declined if an address has no wire form, or one that
    the server does not accept."""
    found = []
    for name, text in (
        ("delivery.email.from of the profile", mail.sender),
        ("recipient_email", mail.recipient),
    ):
        try:
            address = read_address(text)
        except ValueError as error:
            raise Declined(
                f"{name} `{escaped(text)}` is not one mail address: it {error}; "
                "write name@example.com",
                "bad_input_format",
            ) from error
        if address.needs_smtputf8 and not mail.smtputf8:
            raise Declined(
                f"{name} `{text}` has letters beyond ASCII before the @, and the profile does not "
                "say that its mail server accepts them; write an ASCII address, or set "
                "delivery.email.smtputf8",
                "bad_input_format",
            )
        found.append(address)
    sender, recipient = found
    return sender, recipient


def message_id(mail: Mail, parcel: Parcel) -> str:
    """The mail's Message-ID. It is the same each time that the same package of the same delivery is
    sent."""
    return f"<{parcel.identity}@{addresses_of(mail)[0].domain}>"


def message_bytes(mail: Mail, parcel: Parcel, date: datetime) -> bytes:
    """The whole mail in its wire form (CRLF). The package is read into memory, because it is below
    the cap.

    Declined if the package is not the parcel's, or if the bytes do not read back as this mail.
    """
    letter = _letter(mail, parcel, date)
    data = written(letter)
    if found := difference(data, letter, header_names(letter)):
        raise Declined(
            f"the mail cannot be written as requested: {found}; nothing was sent",
            "bad_input_format",
        )
    return data


def _letter(mail: Mail, parcel: Parcel, date: datetime) -> Letter:
    sender, recipient = addresses_of(mail)
    try:
        package = parcel.package.read_bytes()
    except OSError as error:
        raise Declined(
            f"package_zip cannot be read ({error.strerror}); run the packaging step again",
            "missing_required_input",
        ) from error
    if hashlib.sha256(package).hexdigest() != parcel.sha256:
        raise Declined("package_zip changed while it was read; run the packaging step again")
    return Letter(
        sender=str(sender),
        sender_name=mail.sender_name,
        recipient=str(recipient),
        headers=(
            ("Subject", mail.subject),
            ("Date", format_datetime(date)),
            ("Message-ID", message_id(mail, parcel)),
            ("Auto-Submitted", "auto-generated"),
            ("X-Package-SHA256", parcel.sha256),
        ),
        text=_text(mail, parcel),
        attachment_name=PACKAGE_NAME,
        attachment=package,
        boundary=f"=_{parcel.identity}",
    )


def _text(mail: Mail, parcel: Parcel) -> str:
    """The body and the list of attached files. CRLF, CR and LF each count as one line break,
    because a mail's text has no other line breaks."""
    body = mail.body.replace("\r\n", "\n").replace("\r", "\n")
    return body + "\n\n" + "\n".join(_contents(parcel)) + "\n"


def _contents(parcel: Parcel) -> list[str]:
    """The lines about the attachment: the package, and its files if the manifest is known."""
    lines = [f"{PACKAGE_NAME}: {parcel.bytes} bytes, SHA-256 {parcel.sha256}"]
    lines += [
        f"  {escaped(file.dest_path)} ({counted(file.bytes, 'byte')})"
        for file in parcel.contents[:_LISTED]
    ]
    return lines + (
        [f"  and {len(parcel.contents) - _LISTED} more"] if len(parcel.contents) > _LISTED else []
    )
