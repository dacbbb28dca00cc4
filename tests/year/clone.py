"""One operator's checkout in the simulated year, and the commands that run in it at the year's time."""
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support import LONGEST_WAIT_S

_AT = """
import sys, time_machine, datetime
time_machine.travel(datetime.datetime.fromisoformat(sys.argv.pop(1)), tick=True).start()
"""
_DOIT = _AT + "from doit.__main__ import main\nsys.argv[0] = 'doit'\nsys.exit(main())\n"
_CLI = _AT + "import _platform_boot\nsys.exit(_platform_boot.main())\n"


@dataclass
class Clone:
    """A checkout at `root`; `home` is where its user's state is."""

    root: Path
    home: Path

    def start(self, at: datetime, *words: str) -> "subprocess.Popen[str]":
        """A command: `doit …`, or one of `python -m platform.cli`."""
        code, rest = (_DOIT, words[1:]) if words[0] == "doit" else (_CLI, words)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
        return subprocess.Popen([sys.executable, "-c", code, at.isoformat(), *rest], cwd=self.root, env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, at: datetime, *words: str) -> tuple[int, str]:
        """A command to its end: exit status, and what it printed."""
        process = self.start(at, *words)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def killed(self, at: datetime, chance: random.Random, *words: str) -> None:
        """A command that SIGKILL ends after a while, with what it started."""
        process = self.start(at, *words)
        try:
            process.communicate(timeout=chance.uniform(0.2, 1.6))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate(timeout=LONGEST_WAIT_S)

    def asked(self, at: datetime, *words: str) -> Any:
        """What a command says in JSON; AssertionError when it says something else."""
        status, said = self.run(at, *words, "--json")
        try:
            return json.loads(said[said.index("{"):])
        except ValueError:
            raise AssertionError(f"{words} ended with {status}: {said}") from None

    def lose_runtime(self) -> None:
        shutil.rmtree(self.root / "runtime", ignore_errors=True)
