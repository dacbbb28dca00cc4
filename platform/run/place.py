"""Where a step runs and how its result appears: all at once, beside the old one until then.

    runtime/<tenant>/<order>/.<step>.new/     outputs/  scratch/  log.txt        while it runs
    runtime/<tenant>/<order>/<step>/          outputs/  log.txt  run.json        when it has ended

No step id begins with a dot. A crash leaves the old folder, the new one or, between two renames, none, which means: not
run. Never half a result. What a crash left behind is removed by the next run of the step; a runtime folder has one run
at a time (tasks/lock.py).
"""
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform.errors import StorageError
from platform.files import write_atomic
from platform.model.ids import StepId
from platform.model.run import RunRecord
from platform.run.records import LOG, OUTPUTS, RECORD, as_bytes, step_dir


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
        """Empty outputs and scratch folder, for the first attempt and for each that follows."""
        for folder in (self.outputs, self.scratch):
            remove(folder)
            folder.mkdir(parents=True)

    def publish(self, record: RunRecord) -> None:
        """Outputs, log and record take the place of what was there. StorageError when the disk refuses."""
        old = self.target.with_name(f".{self.target.name}.old")
        remove(self.scratch)
        write_atomic(self.folder / RECORD, as_bytes(record))
        try:
            if self.target.exists():
                self.target.rename(old)
            self.folder.rename(self.target)
        except OSError as error:
            raise StorageError(f"{self.target}: cannot be put into place ({error.strerror}); run again") from error
        remove(old)


@contextmanager
def fresh_place(runtime_dir: Path, step_id: StepId, *, leave_trace: bool = False) -> Iterator[Place]:
    """A fresh folder for one run of a step, gone afterwards unless it was published. With `leave_trace` it stays when
    the run is stopped, for the next run to see that there was one. StorageError when it cannot be made."""
    target = step_dir(runtime_dir, step_id)
    folder = target.with_name(f".{target.name}.new")
    place = Place(folder, target, folder.exists())
    try:
        for left in (place.folder, target.with_name(f".{target.name}.old")):
            remove(left)
        place.clear()
        place.log.touch()
    except OSError as error:
        raise StorageError(f"{place.folder}: cannot be made ({error.strerror}); free space, then run again") from error
    try:
        yield place
    except BaseException:
        if not leave_trace:
            remove(place.folder)
        raise
    remove(place.folder)


def remove(folder: Path) -> None:
    """Remove a folder if it is there, also one in which a module has locked folders. OSError when it stays."""
    if not folder.is_dir() or folder.is_symlink():
        folder.unlink(missing_ok=True)
        return
    for base, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(base, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder)
