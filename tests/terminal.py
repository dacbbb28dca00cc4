"""A command on a terminal of its own, for tests of what people see only there."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

from tests.support import BOOT, LONGEST_WAIT_S


class Terminal:
    """A command in a window of `columns` by 24; `seen` is everything that it has written."""

    def __init__(self, repo: Path, words: list[str], columns: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {**os.environ, "TERM": "xterm", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
        program = words if words[0] == "doit" else [sys.executable, "-c", BOOT, *words]
        self.process = subprocess.Popen(program, cwd=repo, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True)
        os.close(slave)
        self.seen = ""

    def until(self, words: str) -> None:
        """Read until it has written these words; fails when it ends first."""
        while words not in self.seen:
            assert self._read(), self.seen

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read to the end; its exit status."""
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(timeout=LONGEST_WAIT_S)

    def _read(self) -> bool:
        """Whether there may be more. TimeoutError when it says nothing for longer than any command takes."""
        poll = select.poll()  # select() takes no handle above 1,023
        poll.register(self._master, select.POLLIN)
        if not poll.poll(1000 * LONGEST_WAIT_S):
            self.process.kill()
            raise TimeoutError(f"nothing more for {LONGEST_WAIT_S:g} s after: {self.seen}")
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.seen += chunk.decode(errors="replace")
        return bool(chunk)
