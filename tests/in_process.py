"""A command in this process, as if a process of its own ran it: doit, `python -m platform.cli`, a file of scripts/.

What a process begins with is set for the call and given back after it: the working directory, the environment, the
command line, standard output and standard error (their descriptors too, for children write to those), and the
modules. What only a process can show (a signal, a crash, a terminal, what is imported) needs one:
`support.started`.
"""
import importlib
import io
import itertools
import os
import runpy
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from doit.globals import Globals

import _platform_boot
from platform.app.run import Run
from platform.run import claimant
from platform.run.machine import this_machine

Program = Callable[[], object]
_READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_")
_lives = itertools.count(1)


def run(program: Program, words: list[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The program's exit status and all that it wrote; `words` is its whole command line."""
    if read := sorted(name for name in env if name.startswith(_READ_AT_START) and env[name] != os.environ.get(name)):
        raise ValueError(f"{', '.join(read)}: an interpreter reads it when it starts; use support.started")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with ExitStack() as stack:
            for scope in (_directory(cwd), _environment(env), _interpreter(words), _handles(), _life(),
                          _written_to(out, err)):
                stack.enter_context(scope)
            status = _status(program)
            sys.stdout.flush()
            sys.stderr.flush()
        return subprocess.CompletedProcess(words, status, _text(out), _text(err))


def doit() -> object:
    """What the console script `doit` does."""
    from doit import cmd_run
    from doit.doit_cmd import DoitMain

    cmd_run.opt_outfile["default"] = sys.stdout  # doit takes the one that was there when it was imported
    DoitMain.BIN_NAME = Path(sys.argv[0]).name
    return DoitMain().run(sys.argv[1:])


def cli() -> object:
    """What `python -m platform.cli` does."""
    from doit import cmd_run

    cmd_run.opt_outfile["default"] = sys.stdout
    return _platform_boot.main()


def script(file: Path) -> Program:
    """What `python file` does."""
    def main() -> None:
        sys.path.insert(0, str(file.parent))
        runpy.run_path(str(file), run_name="__main__")

    return main


def _status(program: Program) -> int:
    """As the interpreter makes it of what a program ends with."""
    try:
        value = program()
    except SystemExit as ended:
        value = ended.code
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  (as the interpreter does; what pytest itself raises passes)
        traceback.print_exc()
        return 1
    if value is None or isinstance(value, int):
        return (value or 0) & 0xFF
    sys.stderr.write(f"{value}\n")
    return 1


@contextmanager
def _directory(cwd: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(cwd)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """The environment; and what was found out about the machine by another PATH is asked again."""
    before = dict(os.environ)
    other_path = env.get("PATH") != before.get("PATH")
    _set(env)
    time.tzset()
    if other_path:
        this_machine.cache_clear()
    try:
        yield
    finally:
        _set(before)
        time.tzset()
        if other_path:
            this_machine.cache_clear()


def _set(env: Mapping[str, str]) -> None:
    for name in os.environ.keys() - env.keys():
        del os.environ[name]
    os.environ.update(env)


@contextmanager
def _interpreter(words: list[str]) -> Iterator[None]:
    """The command line, the path of modules, and no dodo.py of another repository."""
    argv, path, hook = sys.argv, list(sys.path), sys.excepthook
    dodo = sys.modules.pop("dodo", None)
    sys.argv = words
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.argv, sys.path[:], sys.excepthook = argv, path, hook
        sys.modules.pop("dodo", None)
        if dodo:
            sys.modules["dodo"] = dodo


@contextmanager
def _handles() -> Iterator[None]:
    """At the end of a process its handles are closed, and whoever waits for a lock goes on: so it is here."""
    made: list[Run] = []
    begin = Run.__init__

    def begun(run: Run, *arguments: Any, **options: Any) -> None:
        begin(run, *arguments, **options)
        made.append(run)

    Run.__init__ = begun
    try:
        yield
    finally:
        Run.__init__ = begin
        for run in made:
            run.billing.close()
            run.release()
            run.locks.close()
        Globals.dep_manager = None


@contextmanager
def _life() -> Iterator[None]:
    """A life of its own, and an end: a delivery that it claimed is nobody's any more when it is over."""
    number, started = next(_lives), claimant._started

    def own(pid: int) -> str:
        return f"{started(pid)}.{number}" if pid == os.getpid() else started(pid)

    claimant._started = own
    try:
        yield
    finally:
        claimant._started = started


@contextmanager
def _written_to(out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """Both streams into files, as a new interpreter opens them; nothing is there to be read."""
    before: dict[str, Any] = {name: getattr(sys, name) for name in
                              ("stdin", "stdout", "stderr", "__stdout__", "__stderr__")}
    kept = {number: os.dup(number) for number in (1, 2)}
    for number, name, file in ((1, "stdout", out), (2, "stderr", err)):
        os.dup2(file.fileno(), number)
        stream = open(number, "w", encoding="utf-8", closefd=False,  # noqa: SIM115  (flushed by `run`)
                      errors="strict" if number == 1 else "backslashreplace")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    try:
        with open(os.devnull, encoding="utf-8") as sys.stdin:
            yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)
        for number, handle in kept.items():
            os.dup2(handle, number)
            os.close(handle)


def _text(file: BinaryIO) -> str:
    """What was written, lines ended as `subprocess` ends them for text."""
    file.seek(0)
    reader = io.TextIOWrapper(file, encoding="utf-8")
    try:
        return reader.read()
    finally:
        reader.detach()
