"""SMTP: one message, one connection, and a line between what the server certainly did not take and what it may have.

Until the dot that ends the message has been handed over, the server has no message: whatever goes wrong is Declined.
From then until its answer nobody can tell: Broken. SMTP has no way to ask whether a mail has arrived, so `look`
answers UNKNOWN and a receipt says `unverified` with the server's own words.
"""
import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from platform.delivery.email import Mail, addresses_of, message_bytes, message_id
from platform.delivery.provider import Broken, Declined, Parcel, Presence, Sighting

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. `security`: starttls (must be offered), tls (from the first byte), none.

    `ca_file` names the certificates to trust instead of the system's; a certificate is always verified.
    """

    host: str
    port: int = 0  # 0: the usual one for `security`
    security: str = "starttls"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    timeout_s: float = 60.0

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port or _PORTS[self.security]}"


class SmtpProvider:
    """Sends through a mail server."""

    name = "email"
    recorded = False

    def __init__(self, mail: Mail, server: Server, now: Callable[[], datetime]) -> None:
        self._mail, self._server, self._now = mail, server, now

    def look(self, parcel: Parcel) -> Sighting:
        return Sighting(Presence.UNKNOWN, "SMTP cannot tell whether a mail has arrived",
                        message_id(self._mail, parcel))

    def put(self, parcel: Parcel) -> Sighting:
        data = message_bytes(self._mail, parcel, self._now())
        with _certainly_not_sent(self._server):
            connection = _connect(self._server)
        try:
            with _certainly_not_sent(self._server):
                _offer(connection, self._mail, len(data))
                connection.send(_stuffed(data))
            answer = _answer(connection, self._server)
        finally:
            _leave(connection)
        return Sighting(Presence.UNKNOWN, f"{self._server.address} took it: {answer}", message_id(self._mail, parcel))


@contextlib.contextmanager
def _certainly_not_sent(server: Server) -> Iterator[None]:
    """Whatever fails in here fails before the server has the message: a refusal, a name that cannot be encoded, an
    answer that cannot be read. The dot that ends the message was not handed over."""
    try:
        yield
    except Declined:
        raise
    except smtplib.SMTPResponseException as error:
        raise Declined(f"{server.address} refused: {error.smtp_code} {_words(error.smtp_error)}") from error
    except smtplib.SMTPException as error:
        raise Declined(f"{server.address}: {error}") from error
    except OSError as error:  # ssl.SSLError, TimeoutError and ConnectionError too
        raise Declined(f"{server.address} cannot be reached safely ({error})") from error
    except Exception as error:
        raise Declined(f"{server.address}: nothing was sent ({type(error).__name__}: {error})") from error


def _connect(server: Server) -> smtplib.SMTP:
    """A connection that is protected as asked and logged in."""
    if server.username and server.security == "none":
        raise smtplib.SMTPException("a log-in without TLS would show the password; set security in the profile")
    context = ssl.create_default_context(cafile=server.ca_file or None)
    port = server.port or _PORTS[server.security]
    own_name = _own_name()
    connection = (smtplib.SMTP_SSL(server.host, port, own_name, timeout=server.timeout_s, context=context)
                  if server.security == "tls" else smtplib.SMTP(server.host, port, own_name, timeout=server.timeout_s))
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.username:
            connection.login(server.username, server.password)
    except (smtplib.SMTPException, OSError):
        connection.close()
        raise
    return connection


def _own_name() -> str:
    """How this machine greets: its full name where it has one in ASCII, an address literal otherwise."""
    name = socket.getfqdn()
    return name if "." in name and re.fullmatch(r"[0-9A-Za-z.-]+", name) else "[127.0.0.1]"


def _offer(connection: smtplib.SMTP, mail: Mail, size: int) -> None:
    """Sender and recipient exactly as they are on the wire, and the server's leave to send `size` bytes."""
    connection.ehlo_or_helo_if_needed()
    sender, recipient = addresses_of(mail)
    options = _size_option(connection, size)
    if sender.needs_smtputf8 or recipient.needs_smtputf8:
        if not (connection.has_extn("smtputf8") and connection.has_extn("8bitmime")):
            raise Declined("the mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8), "
                           f"such as {recipient}; write an ASCII address", "bad_input_format")
        options += ["BODY=8BITMIME", "SMTPUTF8"]
        connection.command_encoding = "utf-8"
    _expect((250,), connection.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])))
    _expect((250, 251), connection.docmd("RCPT", f"TO:<{recipient}>"))
    _expect((354,), connection.docmd("DATA"))


def _size_option(connection: smtplib.SMTP, size: int) -> list[str]:
    """The announcement of the message's size, where the server asks for one. Declined above the server's limit."""
    if not connection.has_extn("size"):
        return []
    limit = connection.esmtp_features["size"].strip()
    if re.fullmatch("0*[1-9][0-9]{0,18}", limit) and int(limit) < size:
        raise Declined(f"the mail has {size} bytes and the mail server takes at most {int(limit)}; "
                       "package less, or deliver by another provider")
    return [f"SIZE={size}"]


def _expect(codes: tuple[int, ...], answer: tuple[int, bytes]) -> None:
    if answer[0] not in codes:
        raise smtplib.SMTPResponseException(*answer)


def _stuffed(data: bytes) -> bytes:
    """A message with its end: lines that begin with a dot get a second one, and a dot alone closes it."""
    return re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _answer(connection: smtplib.SMTP, server: Server) -> str:
    """What the server says to the message that it has now. Declined when it says no, Broken when it says nothing."""
    try:
        code, words = connection.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise Broken(f"{server.address} was lost after the message and before its answer ({error})") from error
    if code != 250:
        raise Declined(f"{server.address} refused the message: {code} {_words(words)}")
    return f"{code} {_words(words)}"


def _leave(connection: smtplib.SMTP) -> None:
    """The answer to QUIT changes nothing any more, however odd it is."""
    with contextlib.suppress(Exception):
        connection.quit()
    connection.close()


def _words(text: bytes | str) -> str:
    """A server's words in one line, of a length that fits a log."""
    line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(line.split())[:200]
