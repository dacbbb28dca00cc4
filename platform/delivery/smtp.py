"""SMTP: one message over one connection. It distinguishes certain failures from uncertain ones.

Until the dot that ends the message is sent, the server does not have the message, so every
failure is Declined. Between the dot and the server's answer, nobody knows whether the server has
it, so a failure is Broken. The time limits are those of RFC 5321, section 4.5.3.2, or the
server's `timeout_s` if it is shorter. The dot must also be sent within `within_s`. SMTP cannot
report whether a mail arrived, so `look` returns UNKNOWN, and a receipt says `unverified` with the
server's words.
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

# the greeting and commands; DATA; a block of the message
_COMMAND_S, _DATA_S, _BLOCK_S = 300.0, 120.0, 180.0
_QUIT_S = 2.0
_BLOCK_BYTES = 1 << 16
_REPLY_LINES, _REPLY_LINE_BYTES = 100, 8192
_REPLY_LINE = re.compile(rb"([2-5][0-5][0-9])(?:([ -])(.*?))?\r?\n", re.DOTALL)
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. `security`: starttls (the server must offer it), tls (from the first byte),
    none.

    `ca_file`: the certificates to trust instead of the system's. A certificate is always verified.
    """

    host: str
    port: int = 0  # 0: the usual port for `security`
    security: str = "starttls"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    timeout_s: float = 300.0  # for each phase before the dot, at most
    answer_timeout_s: float = 600.0  # for the answer to the message
    within_s: float = 0.0  # the time limit until the dot is sent; 0: no limit

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
        return Sighting(
            Presence.UNKNOWN,
            f"{self._server.address} took it: {answer}",
            message_id(self._mail, parcel),
        )


class _Clock:
    """The time that remains for each phase before the dot."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._end = time.monotonic() + server.within_s if server.within_s else None

    def left(self, phase_s: float) -> float:
        """The seconds for a phase, at most RFC 5321's `phase_s`. SMTPException if the time limit
        of the whole message has expired."""
        wait_s = min(phase_s, self._server.timeout_s)
        if self._end is not None:
            wait_s = min(wait_s, self._end - time.monotonic())
        if wait_s <= 0:
            raise smtplib.SMTPException(
                f"the message was not handed over within {self._server.within_s:g} s"
            )
        return wait_s

    def set(self, connection: smtplib.SMTP, phase_s: float) -> None:
        if connection.sock is not None:
            connection.sock.settimeout(self.left(phase_s))


@contextlib.contextmanager
def _certainly_not_sent(server: Server) -> Iterator[None]:
    """Turn every failure into Declined, because the dot was not sent and the server does not
    have the message. Examples: a refusal, a name that cannot be encoded, an unreadable answer."""
    try:
        yield
    except Declined:
        raise
    except smtplib.SMTPResponseException as error:
        raise Declined(
            f"{server.address} refused: {error.smtp_code} {_words(error.smtp_error)}"
        ) from error
    except smtplib.SMTPException as error:
        raise Declined(f"{server.address}: {error}") from error
    except OSError as error:  # ssl.SSLError, TimeoutError and ConnectionError too
        raise Declined(f"{server.address} cannot be reached safely ({error})") from error
    except Exception as error:
        raise Declined(
            f"{server.address}: nothing was sent ({type(error).__name__}: {error})"
        ) from error


def _connect(server: Server, clock: _Clock) -> smtplib.SMTP:
    """A connection with the requested security, after the log-in."""
    if server.username and server.security == "none":
        raise smtplib.SMTPException("a log-in without TLS would reveal the password; set security "
                                    "in the profile")
    context = ssl.create_default_context(cafile=server.ca_file or None)
    port = server.port or _PORTS[server.security]
    own_name, wait_s = _own_name(), clock.left(_COMMAND_S)
    connection = (
        smtplib.SMTP_SSL(server.host, port, own_name, timeout=wait_s, context=context)
        if server.security == "tls"
        else smtplib.SMTP(server.host, port, own_name, timeout=wait_s)
    )
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
    """The name in this machine's greeting: its full name if that is ASCII, else an address
    literal."""
    name = socket.getfqdn()
    return name if "." in name and re.fullmatch(r"[0-9A-Za-z.-]+", name) else "[127.0.0.1]"


def _offer(connection: smtplib.SMTP, mail: Mail, size: int, clock: _Clock) -> None:
    """Send the sender and the recipient in their wire form. The server must accept `size` bytes."""
    clock.set(connection, _COMMAND_S)
    connection.ehlo_or_helo_if_needed()
    sender, recipient = addresses_of(mail)
    options = _size_option(connection, size)
    if sender.needs_smtputf8 or recipient.needs_smtputf8:
        if not (connection.has_extn("smtputf8") and connection.has_extn("8bitmime")):
            raise Declined("the mail server accepts no address with letters beyond ASCII before "
                           f"the @ (SMTPUTF8), such as {recipient}; write an ASCII address",
                           "bad_input_format")
        options += ["BODY=8BITMIME", "SMTPUTF8"]
        connection.command_encoding = "utf-8"
    clock.set(connection, _COMMAND_S)
    _expect((250,), connection.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])))
    clock.set(connection, _COMMAND_S)
    code, words = connection.docmd("RCPT", f"TO:<{recipient}>")
    if 500 <= code <= 599:
        raise Declined(
            f"the mail server refuses {recipient}: {code} {_words(words)}; correct recipient_email",
            "recipient_refused",
        )
    _expect((250, 251), (code, words))
    clock.set(connection, _DATA_S)
    _expect((354,), connection.docmd("DATA"))


def _size_option(connection: smtplib.SMTP, size: int) -> list[str]:
    """The SIZE option of the MAIL command, if the server supports it. Declined above its limit."""
    if not connection.has_extn("size"):
        return []
    limit = connection.esmtp_features["size"].strip()
    if re.fullmatch("0*[1-9][0-9]{0,18}", limit) and int(limit) < size:
        raise Declined(f"the mail has {size} bytes and the mail server accepts at most "
                       f"{int(limit)}; "
                       "package less, or deliver by another provider")
    return [f"SIZE={size}"]


def _expect(codes: tuple[int, ...], answer: tuple[int, bytes]) -> None:
    if answer[0] not in codes:
        raise smtplib.SMTPResponseException(*answer)


def _stuffed(data: bytes) -> bytes:
    """The message without its final dot. Lines that begin with a dot get a second dot, and the last
    line ends with a line break."""
    return re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n")


def _send(connection: smtplib.SMTP, data: bytes, clock: _Clock) -> None:
    """Send the message without its final dot. If this breaks off, no server accepts the message."""
    for at in range(0, len(data), _BLOCK_BYTES):
        clock.set(connection, _BLOCK_S)
        connection.send(data[at:at + _BLOCK_BYTES])


def _answer(connection: smtplib.SMTP, server: Server) -> str:
    """Send the final dot, and return the server's answer.

    Raises:
        Declined: a complete reply of 4xx or 5xx. Only this proves that the server does not have the
            message.
        Broken: no reply, or one that is cut off, malformed, or neither an acceptance nor a refusal.
    """
    try:
        if connection.sock is not None:
            connection.sock.settimeout(server.answer_timeout_s)
        connection.send(b".\r\n")
        code, words = _reply(connection)
    except (smtplib.SMTPException, OSError) as error:
        raise Broken(
            f"the connection to {server.address} was lost after the message and before its answer "
            f"({error})"
        ) from error
    answer = f"{code} {_words(words)}".rstrip()
    if 400 <= code <= 599:
        raise Declined(f"{server.address} refused the message: {answer}")
    if code != 250:
        raise Broken(f"{server.address} neither took nor refused the message: {answer}")
    return answer


def _reply(connection: smtplib.SMTP) -> tuple[int, bytes]:
    """One reply, read strictly: smtplib takes the beginning of a reply that was cut off for the
    whole of it.

    Raises:
        SMTPException: the reply ends early, or is not one (RFC 5321, section 4.2).
    """
    file = connection.file or (connection.sock and connection.sock.makefile("rb"))
    if not file:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    codes: set[bytes] = set()
    words: list[bytes] = []
    for _ in range(_REPLY_LINES):
        line = file.readline(_REPLY_LINE_BYTES)
        found = _REPLY_LINE.fullmatch(line)
        if not found:
            raise smtplib.SMTPException(
                f"its reply is cut off or malformed: {_words(line) or 'nothing'}"
            )
        codes.add(found[1])
        words.append(found[3] or b"")
        if found[2] != b"-":
            break
    else:
        raise smtplib.SMTPException("its reply does not end")
    if len(codes) > 1:
        raise smtplib.SMTPException(
            f"its reply has several codes: {_words(b' '.join(sorted(codes)))}"
        )
    return int(codes.pop()), b" ".join(words)


def _leave(connection: smtplib.SMTP) -> None:
    """Close the connection. The answer to QUIT is ignored, because it no longer changes the
    result."""
    with contextlib.suppress(Exception):
        if connection.sock is not None:
            connection.sock.settimeout(_QUIT_S)
        connection.quit()
    connection.close()


def _words(text: bytes | str) -> str:
    """A server's words in one line of at most 200 characters."""
    line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(line.split())[:200]
