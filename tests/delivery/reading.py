"""What a mail says to two readers that we did not write: Python's own parser, and npm's postal-mime
in node."""
import base64
import hashlib
import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path

from tests.support import ROOT

_SCRIPT = Path(__file__).with_name("read_mails.cjs")


@dataclass(frozen=True)
class Said:
    headers: tuple[str, ...]  # names in lower case, sorted
    sender: tuple[str, str]  # name, address
    recipients: tuple[str, ...]
    subject: str
    text: str  # lines divided by LF, without those at its end
    attachments: tuple[tuple[str, str], ...]  # file name, SHA-256


def by_python(data: bytes) -> Said:
    message = message_from_bytes(data, policy=policy.default)
    raw = dict(message_from_bytes(data, policy=policy.compat32).raw_items())
    name, address = parseaddr(raw["From"].replace("\r\n", ""))
    attached = [(part.get_filename(), hashlib.sha256(part.get_content()).hexdigest())
                for part in message.iter_attachments()]
    return Said(
        tuple(sorted(key.lower() for key in message)),
        (str(make_header(decode_header(name))), address),
        tuple(
            each.addr_spec
            for header in ("To", "Cc", "Bcc")
            if header in message
            for each in message[header].addresses
        ),
        str(message["Subject"]),
        _lines(message.get_body().get_content()),
        tuple(attached),
    )


def by_postal_mime(mails: Iterable[bytes]) -> list[Said]:
    lines = "".join(base64.b64encode(data).decode() + "\n" for data in mails)
    answer = subprocess.run(
        ["node", _SCRIPT, ROOT / "build/peers"],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    return [_said(json.loads(line)) for line in answer.stdout.split("\n") if line]


def _said(found: dict) -> Said:
    people: Sequence[dict] = [*found["to"], *found["cc"], *found["bcc"]]
    return Said(
        tuple(found["headers"]),
        (found["from"]["name"], found["from"]["address"]),
        tuple(person["address"] for person in people),
        found["subject"],
        _lines(found["text"] or ""),
        tuple((name, digest) for name, digest in found["attachments"]),
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")
