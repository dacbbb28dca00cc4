"""An e-mail with a package attached: who may get it, how large it may be, and its bytes.

Rules: one recipient, no line breaks in headers, no stop-listed domain, a package below the cap. Everything in the
message comes from the request; its Message-ID and boundary from the parcel's identity; its Date is the only clock, and
an argument. So a mail that is sent twice is the same mail, and mail programs show it once.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from platform.delivery.provider import PACKAGE_NAME, Declined, Parcel
from platform.model.formats import is_address, is_line
from platform.model.words import counted

CAP_BYTES = 20_866_662  # 19.9 MB, of package.zip itself: its base64 stays below what mail servers commonly take
_LISTED = 50  # files that the text of a mail names


@dataclass(frozen=True, slots=True)
class Mail:
    """What a tenant and the profile say about an e-mail."""

    sender: str
    recipient: str
    subject: str
    body: str


def admit(mail: Mail, parcel: Parcel, stoplist: Iterable[str]) -> None:
    """Declined when this mail must not be sent, before anything is: too large, no recipient, a stop-listed one."""
    if parcel.bytes >= CAP_BYTES:
        raise Declined(f"package.zip has {parcel.bytes} bytes and e-mail takes less than {CAP_BYTES}; "
                       "package less, or deliver by another provider", "package_too_large_for_email")
    if not mail.recipient:
        raise Declined("there is no recipient_email; add it to the step", "missing_required_input")
    for name, address in (("recipient_email", mail.recipient), ("delivery.email.from of the profile", mail.sender)):
        if not is_address(address):
            raise Declined(f"{name} {address!r} is not one mail address; write name@example.com", "bad_input_format")
    if not is_line(mail.subject):
        raise Declined("the subject has a line break or another character that does not print; write it in one line",
                       "bad_input_format")
    if any("\ud800" <= mark <= "\udfff" for mark in mail.body):
        raise Declined("the body has half of a character (a lone surrogate); correct where it comes from",
                       "bad_input_format")
    domain = mail.recipient.rpartition("@")[2].lower()
    for stopped in stoplist:
        if domain == stopped or domain.endswith("." + stopped):
            raise Declined(f"mail to {domain} is not sent: {stopped} is on the module's stop list; "
                           "write another recipient_email", "recipient_domain_stoplisted")


def message_id(mail: Mail, parcel: Parcel) -> str:
    """The mail's Message-ID: the same for the same package of the same delivery, however often it is sent."""
    return f"<{parcel.identity}@{mail.sender.rpartition('@')[2]}>"


def message_bytes(mail: Mail, parcel: Parcel, date: datetime) -> bytes:
    """The whole mail as it goes over the wire (CRLF). The package is read into memory: it is below the cap."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id(mail, parcel)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Package-SHA256"] = parcel.sha256
    message.set_content(mail.body + "\n\n" + "\n".join(_contents(parcel)) + "\n")
    message.add_attachment(parcel.package.read_bytes(), maintype="application", subtype="zip", filename=PACKAGE_NAME)
    message.set_boundary(f"=_{parcel.identity}")
    return message.as_bytes()


def _contents(parcel: Parcel) -> list[str]:
    """What is attached, in lines: the package, and its files when the manifest is known."""
    lines = [f"{PACKAGE_NAME}: {parcel.bytes} bytes, SHA-256 {parcel.sha256}"]
    lines += [f"  {file.dest_path} ({counted(file.bytes, 'byte')})" for file in parcel.contents[:_LISTED]]
    return lines + ([f"  and {len(parcel.contents) - _LISTED} more"] if len(parcel.contents) > _LISTED else [])
