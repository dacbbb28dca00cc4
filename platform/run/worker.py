"""One child process from its start to its certain end: limits, time-out, log, and clean-up.

Thread-safe: several jobs run at the same time. A job does not change this process: no chdir, no
environment, no signal handlers, no code between fork and exec. A job's group is killed when the job
ends, when its time limit expires, and when its executor shuts down. The kernel kills it when this
process ends (child.py, LIFELINE).
"""
import contextlib
import errno
import functools
import marshal
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from platform.confined import folder_at
from platform.errors import PlatformError, StorageError
from platform.model.profile import Limits
from platform.owned import adding, storage_error
from platform.ports.executor import Job, JobEnd
from platform.redact import Redactor
from platform.run import run_cgroups
from platform.run.box import Box, box, memory
from platform.run.cancel_request import request_in
from platform.run.fault import Fault
from platform.run.group import Group, Groups, nothing, watch
from platform.run.log import Log
from platform.run.machine import tasks_of_user
from platform.run.outputs import NOT_WRITTEN
from platform.run.run_cgroups import StepCgroup
from platform.run.sandbox import Access, Isolation, Machine

if TYPE_CHECKING:
    from subprocess import Popen
    from types import CodeType

__all__ = ["Job", "run"]

_CHILD = Path(__file__).resolve().with_name("child.py")
_PLATFORM = _CHILD.parent.parent
_START = """import marshal, sys
program, job = marshal.load(open(int(sys.argv[1]), "rb"))
exec(program)
main(job, int(sys.argv[2]), int(sys.argv[3]))
"""
_OURS = tuple(
    _PLATFORM / name
    for name in (
        "__init__.py",
        "errors.py",
        "files.py",
        "owned.py",
        "trees",
        "confined.py",
        "openat.py",
        "model",
        "bundle",
        "ports",
        "delivery",
        "search",
    )
)
# The environment of every step on every machine. TMPDIR and HOME are the scratch directory.
_ALWAYS = {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
_MESSAGE_CHARS = 2000
# The words of an answer that are not the module's.
_OUR_WORDS = frozenset(
    {"load", "run", "returned", "malformed", "raised", "COMPLETED", "FAILED", ""}
)


def run(job: Job, machine: Machine, isolation: Isolation, groups: Groups) -> JobEnd:
    """Run a job to its end.

    Fault: it could not be started. StorageError: its log cannot be written. PlatformError:
    `groups.stop_all` ended it.
    """
    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(_log(job))
            same = _same(job)
        except OSError as error:
            return JobEnd(("moved", str(error.strerror)), 0)
        try:
            group, answer, cgroup = _begun(job, machine, isolation, groups, stack, same)
        # no handles, processes or memory left, or params that cannot be marshalled
        except (OSError, ValueError) as error:
            raise Fault(
                "internal_error", f"the child process could not be started ({error})"
            ) from error
        with group:
            timed_out, too_large = _watch(group, job, log)
        if group.stopped:
            raise PlatformError("a step was stopped in the middle; run the same command again")
        said = _fields(os.pread(answer, 8 * 6 * _field_chars(job), 0), job)
        out_of_memory = bool(cgroup and cgroup.oom_kills())
        who = _who_cancelled(job) if group.cancelled else ""
        return JobEnd(said, group.process.returncode, timed_out, too_large, out_of_memory, who)


def _who_cancelled(job: Job) -> str:
    request = request_in(job.stop) if job.stop else None
    return request.words if request else "cancelled"


def _same(job: Job) -> list[tuple[str, int, int]]:
    """The device and inode that the child must find at each path before it executes the module.
    Bubblewrap and modules open by name, and a directory in a path may become a link until then.
    OSError: it already is one."""
    found = dict(job.identities)
    for folder in (job.module_dir, job.outputs, job.scratch, *job.writable):
        with folder_at(folder) as opened:
            found[folder] = opened.identity
    return [(str(path), *identity) for path, identity in found.items()]


def _begun(
    job: Job,
    machine: Machine,
    isolation: Isolation,
    groups: Groups,
    stack: contextlib.ExitStack,
    same: list[tuple[str, int, int]],
) -> tuple[Group, int, StepCgroup | None]:
    """The started child, the handle of its answer, and its cgroup. `stack` closes them."""
    request, answer = stack.enter_context(memory("request")), stack.enter_context(memory("answer"))
    cgroup = stack.enter_context(_step_cgroup(job.limits, isolation))
    around = stack.enter_context(_box(job, machine, isolation))
    request_ = _request(job, machine, cgroup, b"" if isolation.bubblewrap else machine.filter)
    os.pwrite(request, marshal.dumps((_program(), {**request_, "same": same})), 0)
    theirs, ours = os.pipe()
    stack.callback(os.close, ours)
    try:
        handles = (request, answer, theirs, *(cgroup.handles if cgroup else ()))
        group = Group(
            _start(job, machine, around, handles),
            groups,
            cgroup.kill if cgroup else nothing,
            around.held_bytes,
        )
        return group, answer, cgroup
    finally:
        os.close(theirs)


def _request(
    job: Job, machine: Machine, cgroup: StepCgroup | None, filter_: bytes
) -> dict[str, Any]:
    limits = job.limits
    scratch = str(job.scratch)
    return {
        "params": dict(job.params),
        "outputs": str(job.outputs),
        "src": str(job.module_dir / "src"),
        "groups": list(cgroup.handles) if cgroup else [],
        "filter": filter_,
        "packages": list(machine.packages),
        "platform": str(_PLATFORM),
        "field_chars": _field_chars(job),
        "env": {**_ALWAYS, "TMPDIR": scratch, "HOME": scratch, **job.env},
        "limits": {
            "memory_mb": limits.memory_mb,
            "file_mb": limits.file_mb,
            "processes": 0 if cgroup else limits.processes and limits.processes + tasks_of_user(),
            "cpu_s": limits.timeout_s and (limits.timeout_s + 1) * (os.cpu_count() or 1),
        },
    }


@functools.cache
def _program() -> "CodeType":
    """child.py, compiled once per process."""
    code: CodeType = compile(_CHILD.read_bytes(), str(_CHILD), "exec", dont_inherit=True)
    return code


def _start(job: Job, machine: Machine, box: Box, handles: tuple[int, ...]) -> "Popen[bytes]":
    import subprocess  # only a run that runs something needs it

    command = [
        *box.command,
        machine.python,
        "-s",
        "-P",
        "-S",
        "-X",
        "utf8",
        "-c",
        _START,
        *map(str, handles[:3]),
    ]
    return subprocess.Popen(
        command,
        env=_ALWAYS,
        cwd=job.scratch,
        pass_fds=(*handles, *box.handles),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _box(
    job: Job, machine: Machine, isolation: Isolation
) -> contextlib.AbstractContextManager[Box]:
    """Bubblewrap around the job, or nothing around it."""
    if not isolation.bubblewrap:
        return contextlib.nullcontext(Box())
    access = Access((job.module_dir, *job.readable), (job.outputs, job.scratch, *job.writable),
                    job.scratch, job.network, _OURS, job.limits.output_mb << 20)
    return box(access, machine)


@contextlib.contextmanager
def _step_cgroup(limits: Limits, isolation: Isolation) -> Iterator[StepCgroup | None]:
    """The step's own cgroup, if it gets one. StorageError: the kernel refuses it, and the record
    would be wrong."""
    if not isolation.cgroup:
        yield None
        return
    with contextlib.ExitStack() as stack:
        try:
            cgroup = stack.enter_context(run_cgroups.this_run().step(limits))
        except OSError as error:
            raise StorageError(
                f"{error.filename}: the step's cgroup cannot be made ({error.strerror}); run "
                "again, or set limits.enforce: process"
            ) from error
        yield cgroup


def _log(job: Job) -> BinaryIO:
    """The job's log, opened before the module runs. Displaced; StorageError: it cannot be
    written."""
    try:
        with folder_at(job.log.parent) as folder:
            return open(adding(folder, job.log.name), "ab")
    except OSError as error:
        raise storage_error(job.log, "be written", error) from error


def _watch(group: Group, job: Job, file: BinaryIO) -> tuple[bool, str]:
    """`group.watch` with the job's log."""
    try:
        log = Log(file, Redactor(job.secrets))
        ended = watch(group, log, job.limits, (job.outputs, job.scratch), job.stop)
        log.close()
        file.flush()
    except OSError as error:
        if error.errno == errno.EPERM:  # the log was open before: the module made it immutable
            raise Fault(
                NOT_WRITTEN, f"its log cannot be written ({error.strerror}); leave it as it is"
            ) from error
        raise storage_error(job.log, "be written", error) from error
    return ended


def _field_chars(job: Job) -> int:
    """The most characters of a field of the answer: those that are kept, and a secret that begins
    in them, to its end."""
    return _MESSAGE_CHARS + Redactor(job.secrets).longest


def _fields(answer: bytes, job: Job) -> tuple[str, ...]:
    """The fields of an answer (child.py), redacted and then cut. Text after the last NUL is
    incomplete and is dropped. All text of a module passes through here, so no secret leaves."""
    fields = [field.decode("utf-8", "replace") for field in answer.split(b"\0")[:-1]]
    redacted = (
        field
        if field in _OUR_WORDS
        else Redactor(job.secrets).text(field, cut=len(field) >= _field_chars(job))
        for field in fields
    )
    return tuple(field[:_MESSAGE_CHARS] for field in redacted)
