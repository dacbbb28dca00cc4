"""One operator's checkout in the simulated year, and the commands that run in it at the year's time.

Each command is a process of its own. A server (`multiprocessing`'s) that has imported the program forks it.
"""
import json
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.support import LONGEST_WAIT_S

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.year.ready"])


@dataclass
class Command:
    """A command that was started."""

    process: BaseProcess
    out: Path

    def ended(self, timeout_s: float = 300) -> tuple[int, str]:
        """Exit status, and what it printed. TimeoutError when it still runs."""
        self.process.join(timeout_s)
        if self.process.exitcode is None:
            raise TimeoutError(f"process {self.process.pid} still runs")
        said = self.out.read_text(encoding="utf-8", errors="replace")
        self.out.unlink()
        return self.process.exitcode, said

    def kill(self) -> None:
        """SIGKILL to its group. A process that has just begun has none, and no children either."""
        try:
            os.killpg(self.process.pid or 0, 9)
        except ProcessLookupError:
            self.process.kill()


@dataclass
class Clone:
    """A checkout at `root`; `home` is where its user's state is."""

    root: Path
    home: Path

    def start(self, at: datetime, *words: str) -> Command:
        """A command: `doit …`, or one of `python -m platform.cli`."""
        handle, out = tempfile.mkstemp(dir=self.home)
        os.close(handle)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
        process = _SERVER.Process(target=_main, args=(self.root, env, at, words, out))
        process.start()
        return Command(process, Path(out))

    def run(self, at: datetime, *words: str) -> tuple[int, str]:
        """A command to its end: exit status, and what it printed."""
        return self.start(at, *words).ended()

    def killed(self, at: datetime, chance: random.Random, *words: str) -> None:
        """A command that SIGKILL ends after a while, with what it started."""
        command = self.start(at, *words)
        try:
            command.ended(chance.uniform(0.1, 1.2))
        except TimeoutError:
            command.kill()
            command.ended(LONGEST_WAIT_S)

    def asked(self, at: datetime, *words: str) -> Any:
        """What a command says in JSON; AssertionError when it says something else."""
        status, said = self.run(at, *words, "--json")
        try:
            return json.loads(said[said.index("{"):])
        except ValueError:
            raise AssertionError(f"{words} ended with {status}: {said}") from None

    def lose_runtime(self) -> None:
        shutil.rmtree(self.root / "runtime", ignore_errors=True)


def _main(root: Path, env: dict[str, str], at: datetime, words: tuple[str, ...], out: str) -> None:
    """The process of a command, which begins as a copy of the server."""
    import time_machine

    os.setsid()
    os.chdir(root)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    handle = os.open(out, os.O_WRONLY | os.O_APPEND)
    for name in (1, 2):
        os.dup2(handle, name)
    time_machine.travel(at, tick=True).start()
    if words[0] == "doit":
        from doit.__main__ import main

        sys.argv = list(words)
    else:
        from _platform_boot import main

        sys.argv = ["-m", *words]
    sys.exit(main())
