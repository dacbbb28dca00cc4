"""Whether a file dependency changed: by its bytes, never by its time alone."""
import os
from collections.abc import Callable
from pathlib import Path

from doit.dependency import FileChangedChecker

from platform.files import Digests


def checker(root: Path, digests: Callable[[], Digests]) -> type[FileChangedChecker]:
    """doit's checker for files below `root`. doit takes a class, and makes the instance before
    there is a run."""

    def digest(file: str, status: os.stat_result | None = None) -> str:
        """The state of an unreadable file differs from every other state. Work that was done
        with the file remains done."""
        try:
            return digests().file(root / file, status)
        except OSError as error:
            return f"cannot be read ({error.strerror})"

    class ContentChecker(FileChangedChecker):  # type: ignore[misc]  # doit has no types
        """State of a file = its SHA-256, read through the run's stat cache: once a file, not
        once a task."""

        def check_modified(self, file_path: str, file_stat: os.stat_result, state: str) -> bool:
            return digest(file_path, file_stat) != state

        def get_state(self, dep: str, current_state: str | None) -> str | None:
            found = digest(dep)
            return None if found == current_state else found

    return ContentChecker
