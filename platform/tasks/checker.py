"""Whether a file dependency changed: by its bytes, never by its time alone."""
import os

from doit.dependency import FileChangedChecker

from platform.tasks import session


class ContentChecker(FileChangedChecker):  # type: ignore[misc]  # doit has no types
    """State of a file = its SHA-256, read through the session's stat cache: once a file, not once a task."""

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: str) -> bool:
        now = session.current()
        return now.digests.file(now.root / file_path, file_stat) != state

    def get_state(self, dep: str, current_state: str | None) -> str | None:
        now = session.current()
        digest = now.digests.file(now.root / dep)
        return None if digest == current_state else digest
