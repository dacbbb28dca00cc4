"""One child process, from start to certain end: limits, time-out, log, and nothing of it left behind."""
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from platform.model.profile import Limits
from platform.run import sandbox
from platform.run.log import Redactor, copy

_CHILD = Path(__file__).with_name("child.py")
_PLATFORM = _CHILD.parent.parent
_ALWAYS = {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "HOME": "/tmp", "PATH": "/usr/bin:/bin"}
_GRACE_S = 5  # CPU seconds over the time-out before the kernel ends what wall time did not

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a module's `run(params, outputs_dir)`. Paths are absolute; `env` is all it gets beside `_ALWAYS`."""

    module_dir: Path
    params: Mapping[str, Any]
    workdir: Path  # fresh; holds outputs/ and log.txt, and what is passed to and fro
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    limits: Limits
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `result` as the child wrote it, or None; `timed_out`; the exit status, negative for a signal."""

    result: dict[str, Any] | None
    timed_out: bool
    exit_status: int


def run(job: Job, isolation: str) -> Ended:
    """Run a job to its end. Whatever happens here, no process of it is left."""
    files = _write_job(job)
    python = str(Path(sys.executable).resolve())  # the real one: a virtual environment's is a link out of the sandbox
    child = [python, "-I", "-S", "-X", "utf8", str(_CHILD), str(files["job"])]
    command = sandbox.bubblewrap(_room(job), child) if isolation == "bubblewrap" else child
    with (job.workdir / "log.txt").open("ab") as log:
        process = subprocess.Popen(command, env={**_ALWAYS, **job.env}, cwd=job.workdir / "outputs",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        _running.add(process)
        reader = threading.Thread(target=copy, args=(process.stdout, log, Redactor(job.secrets)), daemon=True)
        reader.start()
        try:
            timed_out = not _wait(process, job.limits.timeout_s)
        finally:
            _end(process)
            reader.join()
    result = _read_result(files["result"])
    for file in files.values():
        file.unlink(missing_ok=True)
    return Ended(result, timed_out, process.returncode)


def stop_all() -> None:
    """End every child that still runs: the session is over."""
    for process in tuple(_running):
        _end(process)


def _write_job(job: Job) -> dict[str, Path]:
    outputs = job.workdir / "outputs"
    outputs.mkdir(exist_ok=True)
    files = {"job": job.workdir / "job.json", "result": job.workdir / "result.json"}
    limits = asdict(replace(job.limits, timeout_s=job.limits.timeout_s + _GRACE_S if job.limits.timeout_s else 0))
    files["job"].write_text(json.dumps({
        "src": str(job.module_dir / "src"), "params": job.params, "outputs": str(outputs), "limits": limits,
        "result": str(files["result"]), "packages": sandbox.packages(), "platform": str(_PLATFORM)}), encoding="utf-8")
    return files


def _room(job: Job) -> sandbox.Room:
    ours = tuple(_PLATFORM / name for name in ("__init__.py", "errors.py", "files.py", "model", "bundle", "delivery"))
    return sandbox.Room((_CHILD, job.module_dir, *ours, *job.readable), (job.workdir, *job.writable),
                        job.workdir / "outputs", job.network)


def _wait(process: subprocess.Popen[bytes], timeout_s: int) -> bool:
    """Wait for the end, without polling; False when the time is over first."""
    handle = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000 if timeout_s else None))
    finally:
        os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group, grandchildren too; harmless when all of it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _running.discard(process)


def _read_result(path: Path) -> dict[str, Any] | None:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None
