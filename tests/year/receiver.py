"""Where the year's mails arrive: a real mail server that misbehaves on some days, and remembers every message."""
import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKES, DROPS, REFUSES = "takes", "drops", "refuses"


@dataclass
class Receiver:
    """`mode` is what it does with the next message: takes it, takes it and drops the connection, refuses it."""

    mode: str = TAKES
    killing: bool = False  # whether the sender may be killed before it notes the answer
    arrived: Counter[str] = field(default_factory=Counter)  # by Message-ID, whatever the sender was told
    doubtful: Counter[str] = field(default_factory=Counter)  # those of which the sender cannot know
    idle: threading.Condition = field(default_factory=threading.Condition)
    sessions: int = 0  # connections that are open
    day: str = ""  # and how it runs
    log: list[dict[str, str]] = field(default_factory=list)  # every message, refused ones too

    @contextmanager
    def killing_senders(self) -> Iterator[None]:
        """While senders may be killed, and until this server has read what the killed ones had sent.

        Raises:
            AssertionError: a connection stays open for a minute after its sender's death.
        """
        self.killing = True
        yield
        with self.idle:
            assert self.idle.wait_for(lambda: self.sessions == 0, timeout=60), "a killed sender is still connected"
        self.killing = False

    def count(self, change: int) -> None:
        with self.idle:
            self.sessions += change
            self.idle.notify_all()

    def of(self, name: str) -> list[dict[str, str]]:
        """What happened to the mails with this Message-ID, in order."""
        return [each for each in self.log if each["mail"] == name]

    def keep(self, file: Path) -> None:
        """Write the log."""
        file.write_text("".join(f"{json.dumps(each)}\n" for each in self.log), encoding="utf-8")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=default)
        name = str(mail["Message-ID"] or "none").strip("<> ")
        self.log.append({"mail": name, "package": str(mail["X-Package-SHA256"] or ""), "day": self.day,
                         "mode": self.mode, "killing": str(self.killing)})
        if self.mode == REFUSES:
            return "554 not today"
        self.arrived[name] += 1
        self.doubtful[name] += self.killing or self.mode == DROPS
        if self.mode == DROPS and server.transport is not None:
            server.transport.abort()
        return "250 taken"

    def started(self) -> Controller:
        """A running server on a free port of this machine; `stop` it."""
        with socket.socket() as link:
            link.bind(("127.0.0.1", 0))
            port = link.getsockname()[1]
        controller = _Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        return controller


class _Counted(SMTP):
    """Tells the receiver of every connection that opens or closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.count(1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.count(-1)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Counted(self.handler, **self.SMTP_kwargs)
