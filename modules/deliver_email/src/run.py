"""A package by e-mail. Flow, mail and SMTP are `platform.delivery`'s; here is what the profile and
the step say.

Nothing but the profile chooses between a mail server and the outbox: one never stands in for the
other.
"""
import os
from datetime import UTC, datetime
from pathlib import Path

from platform.delivery.email import Mail, admit
from platform.delivery.outbox import Outbox
from platform.delivery.provider import Declined
from platform.delivery.smtp import Server, SmtpProvider
from platform.delivery.step import run_delivery

STOPLIST = Path(__file__).resolve().parent.parent / "stoplist.txt"


def stopped_domains(text: str) -> list[str]:
    """The domains of a stop list: one a line, # begins a comment."""
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return [line for line in lines if line]


def provider(request):
    """The profile's outbox or mail server, for this mail. Declined when the mail must not be
    sent."""
    settings, inputs = request.settings, request.inputs
    if not settings.get("from"):
        raise Declined("the profile names no sender; set delivery.email.from")
    mail = Mail(
        settings["from"],
        inputs.get("recipient_email") or "",
        inputs["subject"],
        inputs["body"],
        sender_name=settings.get("from_name", ""),
        smtputf8=settings.get("smtputf8", False),
    )
    admit(mail, request.parcel, stopped_domains(STOPLIST.read_text(encoding="utf-8")))
    transport = settings.get("transport")
    if transport == "outbox" and settings.get("outbox_dir"):
        return Outbox(mail, Path(settings["outbox_dir"]), now)
    if transport == "smtp" and settings.get("host"):
        return SmtpProvider(mail, server(settings, request.timeout_s), now)
    raise Declined(
        "the profile's delivery.email is not complete; set transport: outbox with outbox_dir, "
        "or transport: smtp with host"
    )


def server(settings, within_s) -> Server:
    password = os.environ.get("SMTP_PASSWORD", "")
    if settings.get("username") and not password:
        raise Declined(
            "the profile logs in to the mail server as "
            f"{settings['username']}, and SMTP_PASSWORD is not set; set it",
            "secrets_missing",
        )
    return Server(
        host=settings["host"],
        port=settings.get("port", 0),
        security=settings.get("security", "starttls"),
        username=settings.get("username", ""),
        password=password,
        ca_file=settings.get("ca_file", ""),
        answer_timeout_s=settings.get("answer_timeout_s", 600.0),
        within_s=within_s,
    )


def now() -> datetime:
    return datetime.now(UTC)


def run(params, outputs_dir):
    return run_delivery(params, Path(outputs_dir), "email", provider)
