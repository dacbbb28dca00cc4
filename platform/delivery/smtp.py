"""SMTP: one message, one connection, and a line between what the server certainly did not take and what it may have.

Until the dot that ends the message is handed over, the server has no message: whatever goes wrong is Declined. From the
dot until its answer nobody can tell: Broken. The waits are those of RFC 5321, section 4.5.3.2, shorter where a server
sets `timeout_s`; everything before the dot also has to be over `within_s`. SMTP has no way to ask whether a mail has
arrived, so `look` answers UNKNOWN and a receipt says `unverified` with the server's own words.
"""
import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from platform.delivery.email import Mail, addresses_of, message_bytes, message_id
from platform.ports.provider import Broken, Declined, Parcel, Presence, Sighting

_COMMAND_S, _DATA_S, _BLOCK_S = 300.0, 120.0, 180.0  # the greeting and commands; DATA; a block of the message
_QUIT_S = 2.0
_BLOCK_BYTES = 1 << 16
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
    timeout_s: float = 300.0  # for each phase before the dot, at most
    answer_timeout_s: float = 600.0  # for the answer to the message
    within_s: float = 0.0  # the dot has to be sent so soon; 0: whenever

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
        data, clock = message_bytes(self._mail, parcel, self._now()), _Clock(self._server)
        with _certainly_not_sent(self._server):
            connection = _connect(self._server, clock)
        try:
            with _certainly_not_sent(self._server):
                _offer(connection, self._mail, len(data), clock)
                _send(connection, _stuffed(data), clock)
            answer = _answer(connection, self._server)
        finally:
            _leave(connection)
        return Sighting(Presence.UNKNOWN, f"{self._server.address} took it: {answer}", message_id(self._mail, parcel))


class _Clock:
    """How long each phase before the dot may still take."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._end = time.monotonic() + server.within_s if server.within_s else None

    def left(self, phase_s: float) -> float:
        """Seconds for a phase that RFC 5321 gives so many. SMTPException when the time of the whole is over."""
        wait_s = min(phase_s, self._server.timeout_s)
        if self._end is not None:
            wait_s = min(wait_s, self._end - time.monotonic())
        if wait_s <= 0:
            raise smtplib.SMTPException(f"the message was not handed over within {self._server.within_s:g} s")
        return wait_s

    def set(self, connection: smtplib.SMTP, phase_s: float) -> None:
        if connection.sock is not None:
            connection.sock.settimeout(self.left(phase_s))


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


def _connect(server: Server, clock: _Clock) -> smtplib.SMTP:
    """A connection that is protected as asked and logged in."""
    if server.username and server.security == "none":
        raise smtplib.SMTPException("a log-in without TLS would show the password; set security in the profile")
    context = ssl.create_default_context(cafile=server.ca_file or None)
    port = server.port or _PORTS[server.security]
    own_name, wait_s = _own_name(), clock.left(_COMMAND_S)
    connection = (smtplib.SMTP_SSL(server.host, port, own_name, timeout=wait_s, context=context)
                  if server.security == "tls" else smtplib.SMTP(server.host, port, own_name, timeout=wait_s))
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.username:
            connection.login(server.username, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _own_name() -> str:
    """How this machine greets: its full name where it has one in ASCII, an address literal otherwise."""
    name = socket.getfqdn()
    return name if "." in name and re.fullmatch(r"[0-9A-Za-z.-]+", name) else "[127.0.0.1]"


def _offer(connection: smtplib.SMTP, mail: Mail, size: int, clock: _Clock) -> None:
    """Sender and recipient exactly as they are on the wire, and the server's leave to send `size` bytes."""
    clock.set(connection, _COMMAND_S)
    connection.ehlo_or_helo_if_needed()
    sender, recipient = addresses_of(mail)
    options = _size_option(connection, size)
    if sender.needs_smtputf8 or recipient.needs_smtputf8:
        if not (connection.has_extn("smtputf8") and connection.has_extn("8bitmime")):
            raise Declined("the mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8), "
                           f"such as {recipient}; write an ASCII address", "bad_input_format")
        options += ["BODY=8BITMIME", "SMTPUTF8"]
        connection.command_encoding = "utf-8"
    clock.set(connection, _COMMAND_S)
    _expect((250,), connection.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])))
    clock.set(connection, _COMMAND_S)
    code, words = connection.docmd("RCPT", f"TO:<{recipient}>")
    if 500 <= code <= 599:
        raise Declined(f"the mail server refuses {recipient}: {code} {_words(words)}; correct recipient_email",
                       "recipient_refused")
    _expect((250, 251), (code, words))
    clock.set(connection, _DATA_S)
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
    """A message without its end: lines that begin with a dot get a second one, and the last line has its break."""
    return re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n")


def _send(connection: smtplib.SMTP, data: bytes, clock: _Clock) -> None:
    """The message without the dot that ends it: what breaks off here is no message for any server."""
    for at in range(0, len(data), _BLOCK_BYTES):
        clock.set(connection, _BLOCK_S)
        connection.send(data[at:at + _BLOCK_BYTES])


def _answer(connection: smtplib.SMTP, server: Server) -> str:
    """End the message; what the server says to it. Declined when it says no, Broken when it says nothing."""
    try:
        if connection.sock is not None:
            connection.sock.settimeout(server.answer_timeout_s)
        connection.send(b".\r\n")
        code, words = connection.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise Broken(f"{server.address} was lost after the message and before its answer ({error})") from error
    if code != 250:
        raise Declined(f"{server.address} refused the message: {code} {_words(words)}")
    return f"{code} {_words(words)}"


def _leave(connection: smtplib.SMTP) -> None:
    """The answer to QUIT changes nothing any more, however odd it is, and what is known is not to wait for it."""
    with contextlib.suppress(Exception):
        if connection.sock is not None:
            connection.sock.settimeout(_QUIT_S)
        connection.quit()
    connection.close()


def _words(text: bytes | str) -> str:
    """A server's words in one line, of a length that fits a log."""
    line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(line.split())[:200]
