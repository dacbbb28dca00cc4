"""The executors by name: adapters of the port `ports/executor.py`."""
from collections.abc import Callable

from platform.model.profile import Profile
from platform.ports.executor import Executor
from platform.run.executors.local import LocalExecutor

EXECUTORS: dict[str, Callable[[Profile], Executor]] = {"local": LocalExecutor}


def executor_of(profile: Profile, name: str = "local") -> Executor:
    """The executor of a profile. No profile names another one yet."""
    return EXECUTORS[name](profile)
