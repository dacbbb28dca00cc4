"""Where the year's mails arrive: a real mail server that misbehaves on some days, and remembers every message."""
import re
import socket
from collections import Counter
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKES, DROPS, REFUSES = "takes", "drops", "refuses"
_MESSAGE_ID = re.compile(rb"(?im)^message-id: *<([^>]+)>")


@dataclass
class Receiver:
    """`mode` is what it does with the next message: takes it, takes it and drops the connection, refuses it."""

    mode: str = TAKES
    killing: bool = False  # whether the sender may be killed before it notes the answer
    arrived: Counter[str] = field(default_factory=Counter)  # by Message-ID, whatever the sender was told
    doubtful: Counter[str] = field(default_factory=Counter)  # those of which the sender cannot know

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mode == REFUSES:
            return "554 not today"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        found = _MESSAGE_ID.search(content)
        name = found[1].decode() if found else "none"
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
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        return controller
