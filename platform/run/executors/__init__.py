"""The executors by name: adapters of the port `ports/executor.py`."""
from collections.abc import Callable

from platform.model.profile import Profile
from platform.ports.executor import Executor
from platform.run.executors.local import LocalExecutor

EXECUTORS: dict[str, Callable[[Profile], Executor]] = {"local": LocalExecutor}


def executor_of(profile: Profile) -> Executor:
    """The executor of a profile. Every profile currently uses `local`."""
    return EXECUTORS["local"](profile)
