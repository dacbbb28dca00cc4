"""Where a step runs and how its result appears: all at once, beside the old one until then.

    runtime/<tenant>/<order>/.<step>.new/     outputs/  scratch/  log.txt        while it runs
    runtime/<tenant>/<order>/<step>/          outputs/  log.txt  run.json        when it has ended
    runtime/<tenant>/<order>/.<step>.left.<n> what could not be removed yet; the step's next run tries again

No step id begins with a dot. A crash leaves the old folder, the new one or, between two renames, none, which means: not
run. Never half a result. What a crash left behind is removed by the next run of the step; a runtime folder has one run
at a time (tasks/lock.py).

A module that runs as a plain process can do anything to its folder that this user can: nothing of it is trusted after
the module ran, and no state of it keeps a record from being written.
"""
import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform import trees
from platform.errors import StorageError
from platform.files import write_atomic
from platform.model.ids import StepId
from platform.model.run import RunRecord
from platform.run.records import LOG, OUTPUTS, RECORD, as_bytes, fresh_dir, step_dir

_KEPT = frozenset({OUTPUTS, LOG})


@dataclass(frozen=True, slots=True)
class Place:
    """The fresh folder of a step that runs."""

    folder: Path
    target: Path
    in_doubt: bool = False  # an earlier run of the step was stopped in the middle

    @property
    def outputs(self) -> Path:
        return self.folder / OUTPUTS

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def clear(self) -> None:
        """Empty outputs and scratch folder and a log that is a file, for the first attempt and for each that follows.
        StorageError when the disk refuses."""
        try:
            self._make_reachable()
            for folder in (self.outputs, self.scratch):
                self.discard(folder)
                folder.mkdir()
            self._mend_log()
        except OSError as error:
            raise _refused(self.folder, "be made", error) from error

    def note(self, text: str) -> None:
        """Add to the log. StorageError when the disk refuses."""
        try:
            self._mend_log()
            with self.log.open("ab") as log:
                log.write(text.encode(errors="backslashreplace"))
        except OSError as error:
            raise _refused(self.log, "be written", error) from error

    def publish(self, record: RunRecord) -> None:
        """Outputs, log and record take the place of what was there. StorageError when the disk refuses."""
        old = self.target.with_name(f".{self.target.name}.old")
        try:
            self._make_reachable()
            for path in list(self.folder.iterdir()):
                if path.name not in _KEPT:
                    self.discard(path)
            self.folder.chmod(0o755)
            self._mend_log()
            write_atomic(self.folder / RECORD, as_bytes(record))
            self.discard(old)
            with contextlib.suppress(FileNotFoundError):
                self.target.rename(old)
            self.folder.rename(self.target)
            self.discard(old)
        except OSError as error:
            raise _refused(self.target, "be put into place", error) from error

    def discard(self, path: Path) -> None:
        """Free a name in the step's folder or beside it, whatever has it. What cannot be removed now, because it is
        immutable, mounted or still written to, is moved aside. OSError when it cannot even be moved."""
        try:
            trees.remove(path)
        except OSError:
            number = 0
            while os.path.lexists(aside := self.target.with_name(f".{self.target.name}.left.{number}")):
                number += 1
            path.rename(aside)

    def remove_left(self) -> None:
        """Remove what earlier runs moved aside, as far as that can be done now."""
        for path in self.target.parent.iterdir() if self.target.parent.is_dir() else ():
            if path.name.startswith(f".{self.target.name}.left."):
                with contextlib.suppress(OSError):  # it is in nobody's way; the next run tries again
                    trees.remove(path)

    def _make_reachable(self) -> None:
        """Make the folder a directory that can be written to and reached, also when a module put something else there
        or took the modes of those above it away."""
        for each in (self.folder.parent.parent, self.folder.parent):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.close(trees.open_directory(each))
        try:
            os.close(trees.open_directory(self.folder))
        except (FileNotFoundError, NotADirectoryError):
            self.discard(self.folder)
            self.outputs.mkdir(parents=True)

    def _mend_log(self) -> None:
        """Make the log a file of its own again: a module may have put a link or a pipe in its place."""
        try:
            status = self.log.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                if stat.S_IMODE(status.st_mode) & 0o600 != 0o600:
                    self.log.chmod(0o644)
                return
            self.discard(self.log)
        except FileNotFoundError:
            pass
        self.log.touch()


@contextmanager
def fresh_place(runtime_dir: Path, step_id: StepId, *, leave_trace: bool = False) -> Iterator[Place]:
    """A fresh folder for one run of a step, gone afterwards unless it was published. With `leave_trace` it stays when
    the run is stopped, for the next run to see that there was one. StorageError when it cannot be made."""
    target = step_dir(runtime_dir, step_id)
    folder = fresh_dir(runtime_dir, step_id)
    try:
        place = Place(folder, target, os.path.lexists(folder))
        place.remove_left()
        for left in (place.folder, target.with_name(f".{target.name}.old")):
            place.discard(left)
        folder.mkdir(parents=True)
    except OSError as error:
        raise _refused(folder, "be made", error) from error
    place.clear()
    try:
        yield place
    except BaseException:
        if not leave_trace:
            with contextlib.suppress(OSError):  # the error that is on its way says more
                place.discard(place.folder)
        raise
    if os.path.lexists(place.folder):
        place.discard(place.folder)


def _refused(path: Path, what: str, error: OSError) -> StorageError:
    return StorageError(f"{path}: cannot {what} ({error.strerror}); free space, then run again")
