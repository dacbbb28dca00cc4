"""The mails' attacks: one order a probe, sent by `doit run` to a real mail server, and read by a parser of Python's.

The probes are the table of tests/delivery/mail_probes.py, which tests there hold to a second parser and to the outbox.
"""
import io
import socket
import zipfile
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from platform.delivery.email import Mail
from tests.attack.arena import VICTIM, Arena
from tests.attack.probe import Probe, Verdict, Way
from tests.delivery import mail_probes
from tests.delivery.reading import by_python

_TENANT = "attack"
_SENDER = mail_probes.PLAIN.sender
_HEADERS = ("auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to",
            "x-package-sha256")
_ARRIVES = "^one mail as ordered, paid 9$"  # 5 + 2 for what is packed, 1 for the package, 1 for the mail
_REFUSED = "^no mail, paid (0|8)$"  # refused before anything ran, or by the delivery, which is refunded
_LONGEST = 200  # characters of a subject, by deliver_email's contract
_NOT_IN_YAML = frozenset(map(chr, [
    *range(0x09), 0x0b, 0x0c, *range(0x0e, 0x20), *range(0x7f, 0x85), *range(0x86, 0xa0)]))


@dataclass(frozen=True, slots=True)
class MailProbe:
    """A row of the table, as an order."""

    row: mail_probes.Probe

    @property
    def name(self) -> str:
        return self.row.name.replace(": ", "-").replace(" ", "-")

    @property
    def probe(self) -> Probe:
        kind, _, words = self.row.name.partition(": ")
        held = _ARRIVES if self.row.expected == mail_probes.ARRIVES else _REFUSED
        if _NOT_IN_YAML & {*self.row.mail.subject, *self.row.mail.body} or len(self.row.mail.subject) > _LONGEST:
            held = f"{_ARRIVES}|{_REFUSED}"  # an order cannot hold it; what another step makes can
        return Probe("mail", self.name, f"{kind}: {words}", held)


PROBES = tuple(MailProbe(row) for row in mail_probes.PROBES if row.mail.sender_name == mail_probes.PLAIN.sender_name
               and not any("\ud800" <= mark <= "\udfff"
                       for mark in row.mail.subject + row.mail.body + row.mail.recipient))


class _Received:
    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        return "250 taken"


def attack(folder: Path, way: Way, probes: tuple[MailProbe, ...] = PROBES) -> list[Verdict]:
    """Run these probes in one way; what arrived of each."""
    arena = Arena.made(folder, way)
    arena.tenant(_TENANT)
    received = _Received()
    controller = Controller(received, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        arena.profile(delivery={"email": {"transport": "smtp", "host": "127.0.0.1", "security": "none",
                                          "port": controller.port, "from": _SENDER}})
        for number, probe in enumerate(probes):
            arena.order(_TENANT, f"o-{number}", _steps(number, probe.row.mail))
        arena.run("run", "-n", "2")
    finally:
        controller.stop()
    mails: dict[str, list[Envelope]] = {}
    for envelope in received.mails:
        mails.setdefault(_marker(envelope), []).append(envelope)
    whole = "" if arena.outcome(VICTIM, "own").get("status") == "COMPLETED" else "; THE VICTIM'S ORDER DID NOT COMPLETE"
    whole += "; TRACEBACK ON THE TERMINAL" if "Traceback" in arena.said else ""
    return [probe.probe.verdict(way, _seen(probe.row, mails.get(f"goods {number}", []),
                                           arena.spent(_TENANT, f"o-{number}")) + whole)
            for number, probe in enumerate(probes)]


def _free_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        port: int = link.getsockname()[1]
        return port


def _steps(number: int, mail: Mail) -> list[dict[str, Any]]:
    return [{"step_id": "say", "module_id": "say", "kind": "transform", "deliverables": ["said"],
             "inputs": {"text": f"goods {number}"}},
            {"step_id": "pack", "module_id": "package_std", "kind": "packaging", "deliverables": ["package_artifacts"],
             "inputs": {"bound_outputs": [{"from_step": "say", "output_id": "said", "as_path": "said.txt"}]}},
            {"step_id": "mail", "module_id": "deliver_email", "kind": "delivery",
             "inputs": {"package_zip": {"from_step": "pack", "output_id": "package_zip"},
                        "recipient_email": mail.recipient, "subject": mail.subject, "body": mail.body}}]


def _marker(envelope: Envelope) -> str:
    """Whose mail it is: what the attached package says."""
    message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
    for part in message.walk():
        if part.get_content_type() == "application/zip":
            with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
                return archive.read("said.txt").decode().strip()
    return "no package"


def _seen(row: mail_probes.Probe, envelopes: list[Envelope], paid: int) -> str:
    if not envelopes:
        return f"no mail, paid {paid}"
    said, mail = by_python(bytes(envelopes[0].content or b"")), row.mail
    recipient = row.arrives_at or mail.recipient
    body = mail.body.replace("\r\n", "\n").replace("\r", "\n")
    wrong = [name for name, found, wanted in (
        ("headers", said.headers, _HEADERS), ("recipients", said.recipients, (recipient,)),
        ("envelope", envelopes[0].rcpt_tos, [recipient]), ("sender", said.sender[1], _SENDER),
        ("subject", said.subject, mail.subject), ("attachments", len(said.attachments), 1),
        ("body", said.text.startswith(f"{body}\n\npackage.zip: "), True)) if found != wanted]
    count = "one mail" if len(envelopes) == 1 else f"{len(envelopes)} mails"
    return f"{count} {'as ordered' if not wrong else 'with other ' + ', '.join(wrong)}, paid {paid}"
