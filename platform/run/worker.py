"""One child process, from start to certain end: limits, time-out, log, and nothing of it left behind.

Safe for threads: several jobs run at once, nothing of this process is changed (no chdir, no environment, no signal
handlers, no code between fork and exec). A job's processes end with it: its group is killed when it ends, when its time
is over, when `stop_all` is called, and by the kernel when this process dies (child.py, LIFELINE).
"""
import contextlib
import functools
import marshal
import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform.errors import PlatformError, StorageError
from platform.model.profile import Limits
from platform.run.log import Log, Redactor
from platform.run.machine import tasks_of_user
from platform.run.results import Ended
from platform.run.sandbox import Machine, Room, bubblewrap

if TYPE_CHECKING:
    from subprocess import Popen
    from types import CodeType

_CHILD = Path(__file__).resolve().with_name("child.py")
_PLATFORM = _CHILD.parent.parent
_START = """import marshal, sys
program, job = marshal.load(open(int(sys.argv[1]), "rb"))
exec(program)
main(job, int(sys.argv[2]), int(sys.argv[3]))
"""
_OURS = tuple(_PLATFORM / name for name in ("__init__.py", "errors.py", "files.py", "model", "bundle", "delivery"))
# Nobody's own environment: the same for every step on every machine. TMPDIR and HOME are the scratch folder.
_ALWAYS = {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
_LOOK_S = 1.0  # how often the size of what was written is looked at
_DRAIN_S = 2.0  # how long to wait for the last words of a killed group
_ANSWER_BYTES = 65536
_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a module's `run(params, outputs_dir)`. Paths are absolute. `env` (secrets, too) is all it gets beside
    `_ALWAYS`; `secrets` are the values to keep out of the log."""

    module_dir: Path
    params: Mapping[str, Any]  # JSON values in dicts and lists
    outputs: Path
    scratch: Path
    log: Path
    limits: Limits
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False


def run(job: Job, machine: Machine, *, sandboxed: bool) -> Ended:
    """Run a job to its end. StorageError when its log cannot be written; PlatformError when `stop_all` ended it."""
    with contextlib.ExitStack() as stack:
        request, answer = stack.enter_context(_memory("request")), stack.enter_context(_memory("answer"))
        os.pwrite(request, marshal.dumps((_program(), _request(job, machine))), 0)
        theirs, ours = os.pipe()
        stack.callback(os.close, ours)
        try:
            child = _Child(_start(job, machine, sandboxed, (request, answer, theirs)))
        finally:
            os.close(theirs)
        with child:
            timed_out, too_large = _watch(child, job)
        if child.stopped:
            raise PlatformError("a step was stopped in the middle; run the same command again")
        said = _fields(os.pread(answer, _ANSWER_BYTES, 0))
        return Ended(said, child.process.returncode, timed_out, too_large)


def stop_all() -> None:
    """Kill every job that still runs in this process, from any thread; their `run` then raises."""
    with _lock:
        for child in _running:
            child.stopped = True
            child.kill()


def _request(job: Job, machine: Machine) -> dict[str, Any]:
    limits = job.limits
    scratch = str(job.scratch)
    return {
        "params": dict(job.params), "outputs": str(job.outputs), "src": str(job.module_dir / "src"),
        "packages": list(machine.packages), "platform": str(_PLATFORM),
        "env": {**_ALWAYS, "TMPDIR": scratch, "HOME": scratch, **job.env},
        "limits": {"memory_mb": limits.memory_mb, "file_mb": limits.file_mb,
                   "processes": limits.processes and limits.processes + tasks_of_user(),
                   "cpu_s": limits.timeout_s and (limits.timeout_s + 1) * (os.cpu_count() or 1)}}


@functools.cache
def _program() -> "CodeType":
    """child.py, compiled once a process."""
    code: CodeType = compile(_CHILD.read_bytes(), str(_CHILD), "exec", dont_inherit=True)
    return code


def _start(job: Job, machine: Machine, sandboxed: bool, handles: tuple[int, int, int]) -> "Popen[bytes]":
    import subprocess  # only a run that runs something needs it

    command = [machine.python, "-s", "-P", "-S", "-X", "utf8", "-c", _START, *map(str, handles)]
    if not sandboxed:
        return subprocess.Popen(command, env=_ALWAYS, cwd=job.scratch, pass_fds=handles, start_new_session=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    room = Room((job.module_dir, *job.readable), (job.outputs, job.scratch, *job.writable), job.scratch,
                job.network, _OURS)
    with _memory("bwrap") as arguments:  # not on the command line: it has an end, and everybody can read it
        os.write(arguments, b"".join(word.encode() + b"\0" for word in bubblewrap(room, machine)))
        os.lseek(arguments, 0, os.SEEK_SET)
        return subprocess.Popen([machine.bwrap, "--args", str(arguments), "--", *command], env=_ALWAYS,
                                pass_fds=(*handles, arguments), start_new_session=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@contextlib.contextmanager
def _memory(name: str) -> Iterator[int]:
    """A file in memory: it can be handed on, never blocks, and leaves nothing on disk."""
    handle = os.memfd_create(name)
    try:
        yield handle
    finally:
        os.close(handle)


class _Child:
    """A started child and its group, all of it gone on exit. The number of a group is its own until it is reaped, so
    `kill` can hit nobody else: whoever kills from another thread holds the lock."""

    def __init__(self, process: "Popen[bytes]") -> None:
        assert process.stdout is not None
        self.process, self.stdout = process, process.stdout
        self.stopped = False
        os.set_blocking(self.stdout.fileno(), False)
        with _lock:
            _running.add(self)

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.stdout.close()
        with _lock:
            _running.discard(self)
            self.process.wait()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


_lock = threading.Lock()
_running: set[_Child] = set()


def _watch(child: _Child, job: Job) -> tuple[bool, bool]:
    """Write the log until the child ends or must end; (ran too long, wrote too much)."""
    output, timed_out, too_large = child.stdout.fileno(), False, False
    began = time.monotonic()
    deadline, look = began + job.limits.timeout_s if job.limits.timeout_s else float("inf"), began + _LOOK_S
    end = os.pidfd_open(child.process.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(output, select.POLLIN)
    try:
        with job.log.open("ab") as file:
            log = Log(file, Redactor(job.secrets))
            while not timed_out and not too_large:
                ready = {handle for handle, _ in poll.poll(_milliseconds(min(deadline, look)))}
                if output in ready and not _copy(output, log):
                    poll.unregister(output)
                if end in ready:
                    break
                now = time.monotonic()
                timed_out = now >= deadline
                if now >= look:
                    look = now + _LOOK_S
                    too_large = 0 < job.limits.output_mb << 20 < _size(job.outputs) + _size(job.scratch)
            child.kill()
            _drain(output, log)
            log.close()
    except OSError as error:
        raise StorageError(f"{job.log}: cannot be written ({error.strerror}); free space, then run again") from error
    finally:
        os.close(end)
    return timed_out, too_large


def _milliseconds(moment: float) -> int:
    """Until a moment of the monotonic clock, rounded up."""
    return max(0, int(1000 * (moment - time.monotonic())) + 1)


def _copy(output: int, log: Log) -> bool:
    """One chunk of what the child printed into the log; whether there may be more."""
    try:
        chunk = os.read(output, _CHUNK_BYTES)
    except BlockingIOError:
        return True
    log.write(chunk)
    return bool(chunk)


def _drain(output: int, log: Log) -> None:
    """The last words, until everybody who could write is gone. Who left the group, without bubblewrap, is not waited
    for longer than _DRAIN_S."""
    deadline = time.monotonic() + _DRAIN_S
    poll = select.poll()
    poll.register(output, select.POLLIN)
    while poll.poll(_milliseconds(deadline)) and _copy(output, log):
        pass


def _size(folder: Path) -> int:
    """Bytes of the files below a folder, as far as they can be seen while somebody writes there."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(base, name).lstat().st_size
    return total


def _fields(answer: bytes) -> tuple[str, ...]:
    """The fields of an answer (child.py); what comes after the last NUL was not written to its end."""
    return tuple(field.decode("utf-8", "replace") for field in answer.split(b"\0")[:-1])
