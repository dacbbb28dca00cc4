"""The executor of this machine: a child process for each job, in bubblewrap where it is available.
"""
from typing import TYPE_CHECKING

from platform.model.profile import Profile
from platform.ports.executor import Job, JobEnd
from platform.run import worker
from platform.run.group import Groups
from platform.run.machine import isolation_here, this_machine

if TYPE_CHECKING:
    from concurrent.futures import Future


class LocalExecutor:
    """An Executor. It runs each job in the thread that submits it, because a run already has a
    thread for each step. So `submit` returns when the job has ended."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._groups = Groups()

    def isolation(self, *, network: bool) -> str:
        """See `ports/executor.py`. ForbiddenError: the profile requires more than is available."""
        return isolation_here(self._profile, network=network).words

    def submit(self, job: Job) -> "Future[JobEnd]":
        """See `ports/executor.py`. The future raises the errors of `worker.run`."""
        from concurrent.futures import Future

        ended: Future[JobEnd] = Future()
        try:
            isolation = isolation_here(self._profile, network=job.network)
            ended.set_result(worker.run(job, this_machine(), isolation, self._groups))
        except Exception as error:  # noqa: BLE001  the future raises it when its result is requested
            ended.set_exception(error)
        return ended

    def shutdown(self) -> None:
        """End every running job, and wait until all have ended."""
        self._groups.stop_all()
