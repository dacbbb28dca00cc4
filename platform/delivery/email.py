"""An e-mail with a package attached: who may get it, how large it may be, and its bytes.

Rules: one recipient whose address has a wire form that the server takes, one line of subject, no
stop-listed domain, a package below the cap. What is in a request is text: nothing in it is decoded.
Everything in the message comes from the request; its Message-ID and boundary from the parcel's
identity; its Date is the only clock, and an argument. So a mail that is sent twice is the same
mail, and mail programs show it once. Nothing is sent before the written bytes were read back by
other parsers as exactly what was asked for (`delivery/read_back.py`).
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

# 19.9 MB, of package.zip itself: its base64 stays below what mail servers commonly take.
CAP_BYTES = 20_866_662
_LISTED = 50  # files that the text of a mail names
_IN_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a tenant and the profile say about an e-mail, as they wrote it.

    `smtputf8`: the profile says that the mail server takes addresses with letters beyond ASCII
    before the @.
    """

    sender: str
    recipient: str
    subject: str
    body: str
    sender_name: str = ""
    smtputf8: bool = False


def admit(mail: Mail, parcel: Parcel, stoplist: Iterable[str]) -> None:
    """Declined when this mail must not be sent, before anything is: too large, no recipient, a
    stop-listed one."""
    if parcel.bytes >= CAP_BYTES:
        raise Declined(
            f"package.zip has {parcel.bytes} bytes and e-mail takes less than {CAP_BYTES}; "
            "package less, or deliver by another provider",
            "package_too_large_for_email",
        )
    if not mail.recipient:
        raise Declined("there is no recipient_email; add it to the step", "missing_required_input")
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
            f"the body has {name_of(found[0])}; correct where it comes from", "bad_input_format"
        )
    domain = recipient.domain.lower()
    for stopped in stoplist:
        if domain == stopped or domain.endswith("." + stopped):
            raise Declined(f"mail to {domain} is not sent: {stopped} is on the module's stop list; "
                           "write another recipient_email", "recipient_domain_stoplisted")


def addresses_of(mail: Mail) -> tuple[Address, Address]:
    """Sender and recipient in their wire form. Declined for an address that has none, or none that
    may be sent."""
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
                "say that its mail server takes them; write an ASCII address, or set "
                "delivery.email.smtputf8",
                "bad_input_format",
            )
        found.append(address)
    sender, recipient = found
    return sender, recipient


def message_id(mail: Mail, parcel: Parcel) -> str:
    """The mail's Message-ID: the same for the same package of the same delivery, however often it
    is sent."""
    return f"<{parcel.identity}@{addresses_of(mail)[0].domain}>"


def message_bytes(mail: Mail, parcel: Parcel, date: datetime) -> bytes:
    """The whole mail as it goes over the wire (CRLF). The package is read into memory: it is below
    the cap.

    Declined when the package is not the parcel's, or when what was written reads back as anything
    but this mail.
    """
    letter = _letter(mail, parcel, date)
    data = written(letter)
    if told := difference(data, letter, header_names(letter)):
        raise Declined(
            f"the mail cannot be written as it was asked for: {told}; nothing was sent",
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
    """The body and what is attached. CRLF, CR and LF are one line break each: a text in a mail has
    no other."""
    body = mail.body.replace("\r\n", "\n").replace("\r", "\n")
    return body + "\n\n" + "\n".join(_contents(parcel)) + "\n"


def _contents(parcel: Parcel) -> list[str]:
    """What is attached, in lines: the package, and its files when the manifest is known."""
    lines = [f"{PACKAGE_NAME}: {parcel.bytes} bytes, SHA-256 {parcel.sha256}"]
    lines += [
        f"  {escaped(file.dest_path)} ({counted(file.bytes, 'byte')})"
        for file in parcel.contents[:_LISTED]
    ]
    return lines + (
        [f"  and {len(parcel.contents) - _LISTED} more"] if len(parcel.contents) > _LISTED else []
    )
