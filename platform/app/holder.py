"""Who holds a lock, for the line that another process prints while it waits. Nothing depends on it:
a module can write anything there."""
import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from platform.model.characters import one_line
from platform.model.utc import utc_text

_LONGEST = 500  # characters of a command line


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, its command line, its machine, and when it took the lock (UTC, ISO 8601)."""

    LARGEST: ClassVar[int] = 4096  # bytes of a note

    pid: int
    command: str
    since: str
    host: str = ""

    def __str__(self) -> str:
        at = f", on {self.host}" if self.host else ""
        return f"process {self.pid} (`{one_line(self.command)}`, since {self.since}{at})"

    def as_bytes(self) -> bytes:
        """One line, the first of its file. What follows in the file is an earlier, longer note."""
        return json.dumps(asdict(self)).encode() + b"\n"


def read_holder(data: bytes) -> Holder | None:
    """The holder that a note names; None if it names none."""
    try:
        value = json.loads(data.partition(b"\n")[0])
        return Holder(int(value["pid"]), str(value["command"]), one_line(str(value["since"])),
                      one_line(str(value.get("host", ""))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def this_process(command: str) -> Holder:
    """This process, now."""
    return Holder(os.getpid(), command[:_LONGEST], utc_text(datetime.now(UTC)), os.uname().nodename)


def command_line() -> str:
    """The command line of this process."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
