"""A parcel to deliver, and a mail server of our own: real SMTP with TLS, a certificate from an authority made here."""
import asyncio
import datetime
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platform.ports.provider import Listed, Parcel
from tests.support import LONGEST_WAIT_S

_HERE = ipaddress.ip_address("127.0.0.1")
PACKAGE = b"PK not really a package\n.\r\n..dots\n"


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    (tmp_path / "package.zip").write_bytes(PACKAGE)
    (tmp_path / "manifest.json").write_text('{"files": [{"dest_path": "outline.txt", "bytes": 12}]}')
    return Parcel("Key0", "nxlkGI/UbjkpxZO/run0/deliver/package_artifacts/package.zip", tmp_path / "package.zip",
                  len(PACKAGE), hashlib.sha256(PACKAGE).hexdigest(), tmp_path / "manifest.json",
                  (Listed("outline.txt", 12),))


@dataclass(frozen=True)
class Authority:
    ca_file: str
    chain_file: str
    key_file: str


def _signed(subject: str, issuer: str, key, by, *, is_ca: bool) -> x509.Certificate:
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])  # noqa: E731
    made = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if not is_ca:
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(_HERE)]), critical=False)
    return made.sign(by, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate for this machine, signed by an authority that no machine trusts."""
    folder = tmp_path_factory.mktemp("authority")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _signed("Our authority", "Our authority", ca_key, ca_key, is_ca=True)
    server = _signed("mail.test", "Our authority", key, ca_key, is_ca=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "chain.pem").write_bytes(server.public_bytes(pem) + ca.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    return Authority(*(str(folder / name) for name in ("ca.pem", "chain.pem", "key.pem")))


@dataclass
class MailServer:
    """What came in, and what to answer: a reply to RCPT or DATA, or none at all (the connection is cut instead)."""

    host: str = "127.0.0.1"
    port: int = 0
    users: dict[str, str] = field(default_factory=dict)
    rcpt: str = "250 OK"
    data: str = "250 taken as mail-42"
    cut_after_data: bool = False
    raw_answer: bytes = b""  # to the message, instead of `data`; then the connection is closed
    gate: threading.Event | None = None  # nobody is answered before it is set
    meets: Callable[[str], None] = lambda phase: None  # is called with rcpt, data and quit, before the answer
    offered: list[list[str]] = field(default_factory=list)  # the options of each MAIL
    received: list[Envelope] = field(default_factory=list)
    logged_in: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:
        self.meets("rcpt")
        self.offered.append(options)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.received.append(envelope)
        self.meets("data")
        if self.gate:
            await asyncio.to_thread(self.gate.wait, 300)
        if self.cut_after_data:
            server.transport.abort()
        if self.raw_answer:
            server.transport.write(self.raw_answer)
            server.transport.close()
        return self.data

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.meets("quit")
        return "221 Bye"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name = data.login.decode()
        right = self.users.get(name) == data.password.decode()
        self.logged_in += [name] if right else []
        return AuthResult(success=right, handled=False)


@pytest.fixture
def mail_server(authority: Authority) -> Callable[..., AbstractContextManager[MailServer]]:
    """`with mail_server(security="starttls", users={...}) as server:` on a free port of this machine."""
    @contextmanager
    def serve(security: str = "starttls", *, smtputf8: bool = False, size_limit: int = 40 << 20,
              **how) -> Iterator[MailServer]:
        handler = MailServer(**how)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(authority.chain_file, authority.key_file)
        settings = {"hostname": "mail.test", "data_size_limit": size_limit, "enable_SMTPUTF8": smtputf8}
        if handler.users:  # aiosmtpd does not see a TLS that was there from the first byte, and warns
            settings |= {"authenticator": handler.authenticate, "auth_required": security == "starttls",
                         "auth_require_tls": security == "starttls"}
        if security == "starttls":
            settings |= {"tls_context": context, "require_starttls": True}
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        listening = asyncio.run_coroutine_threadsafe(loop.create_server(
            lambda: SMTP(handler, loop=loop, **settings), handler.host, 0,
            ssl=context if security == "tls" else None), loop).result()
        handler.port = listening.sockets[0].getsockname()[1]
        try:
            yield handler
        finally:
            asyncio.run_coroutine_threadsafe(_closed(listening), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=LONGEST_WAIT_S)
            loop.close()
    return serve


async def _closed(listening: asyncio.Server) -> None:
    """Stop listening and end every conversation that still goes on."""
    listening.close()
    talks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in talks:
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
