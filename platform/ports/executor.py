"""Executor: where the code of modules runs.

The port has the form of `concurrent.futures.Executor`, with one kind of job. Today's adapter runs a
job on this machine (`run/executors/local.py`).
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from platform.model.contract import Contract
from platform.model.digest import Identity
from platform.model.profile import Limits

if TYPE_CHECKING:  # it loads `logging`; only a run that runs something needs it
    from concurrent.futures import Future


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a module's `run(params, outputs_dir)`. Paths are absolute."""

    module_dir: Path
    params: Mapping[str, Any]  # JSON values in dicts and lists
    outputs: Path  # the directory that the module fills
    scratch: Path  # its working directory, HOME and TMPDIR
    log: Path  # the file that its output is added to
    limits: Limits
    # its whole environment, secrets included
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    # values to keep out of the log and the answer
    secrets: tuple[str, ...] = field(default=(), repr=False)
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False
    # of what is readable, when it was digested
    identities: Mapping[Path, Identity] = field(default_factory=dict)
    digest: str = ""  # SHA-256 of the manifest of what goes in: equal jobs have equal digests
    # The job is ended when this file exists (`run/cancel_request.py`).
    stop: Path | None = None

    def secrets_by_name(self, contract: Contract) -> dict[str, str]:
        """The values that the job has of its contract's secrets."""
        return {
            secret.name: self.env[secret.name]
            for secret in contract.secrets
            if secret.name in self.env and self.env[secret.name] in self.secrets
        }


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended."""

    said: tuple[str, ...]  # the fields of the module's answer, redacted (run/child.py)
    exit_status: int  # of its process, negative for a signal
    timed_out: bool = False
    too_large: str = ""  # what it wrote too much of, in words
    out_of_memory: bool = False
    cancelled: str = ""  # who had it stopped, and why

    @property
    def called(self) -> bool:
        """Whether the module's `run` was called."""
        return self.said[1:2] == ("run",)


class Executor(Protocol):
    """Runs jobs. Safe for threads: several jobs may run at once."""

    def isolation(self, *, network: bool) -> str:
        """How a job is shut off from the machine that runs it, in the words of its run record.

        ForbiddenError when the profile demands more than there is.
        """
        ...

    def submit(self, job: Job) -> "Future[JobEnd]":
        """Start a job. No process of it is left when the future is done.

        The future raises Fault when the job could not be started, StorageError when its log cannot
        be written, and PlatformError when `shutdown` ended it.
        """
        ...

    def shutdown(self) -> None:
        """End every job that runs, and wait for their ends. No job is started afterwards."""
        ...
