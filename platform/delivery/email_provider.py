"""The mail provider of a request: the outbox or the mail server that the profile names.

Only the profile chooses between them: one never replaces the other.
"""
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform.delivery.email import Mail, admit
from platform.delivery.outbox import Outbox
from platform.delivery.smtp import Server, SmtpProvider
from platform.ports.provider import Declined, DeliveryRequest, Provider


def email_provider(request: DeliveryRequest) -> Provider:
    """The profile's outbox or mail server, for the mail that the request asks for.

    Declined: the mail must not be sent, or the profile's settings are incomplete.
    """
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
    admit(mail, request.parcel, request.stopped_domains)
    transport = settings.get("transport")
    if transport == "outbox" and settings.get("outbox_dir"):
        return Outbox(mail, Path(settings["outbox_dir"]), _now)
    if transport == "smtp" and settings.get("host"):
        return SmtpProvider(mail, _server(settings, request.timeout_s), _now)
    raise Declined(
        "the profile's delivery.email is not complete; set transport: outbox with outbox_dir, "
        "or transport: smtp with host"
    )


def _server(settings: Mapping[str, Any], within_s: float) -> Server:
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


def _now() -> datetime:
    return datetime.now(UTC)
