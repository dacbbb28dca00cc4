"""Whether a file dependency changed: by its bytes, never by its time alone."""
import os

from doit.dependency import FileChangedChecker

from platform.app import session


class ContentChecker(FileChangedChecker):  # type: ignore[misc]  # doit has no types
    """State of a file = its SHA-256, read through the session's stat cache: once a file, not once a task."""

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: str) -> bool:
        return _digest(file_path, file_stat) != state

    def get_state(self, dep: str, current_state: str | None) -> str | None:
        digest = _digest(dep)
        return None if digest == current_state else digest


def _digest(file: str, status: os.stat_result | None = None) -> str:
    """A file that cannot be read any more equals no other: what was done with it is recorded, and is not undone by what
    became of it since."""
    try:
        now = session.current()
        return now.digests.file(now.root / file, status)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
