"""The directory in which a step runs, and how its result replaces the old one in one step.

    runtime/<tenant>/<order>/.<step>.new/     outputs/  scratch/  log.txt        while it runs
    runtime/<tenant>/<order>/<step>/          outputs/  log.txt  run.json        when it has ended
    runtime/<tenant>/<order>/.<step>.left.<n> what could not be removed yet; the step's next run
    tries again

No step id begins with a dot. A crash leaves the old folder, the new one or, between two renames,
none, which means: not run. Never half a result. What a crash left behind is removed by the next run
of the step; an order has one run at a time (app/order_locks.py).

A module that runs as a plain process can do anything to its folder that this user can: nothing of
it is trusted after the module ran, and no state of it keeps a record from being written. Everything
here is done through the open handle of the order's directory. That this is still the directory that
its name leads to, through no link, is proved again before anything is renamed; where it is not,
nothing is put into place (`Displaced`).
"""
import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform import trees
from platform.confined import Folder, Refused
from platform.errors import StorageError
from platform.model.ids import StepId
from platform.model.run import RunRecord
from platform.owned import Displaced, adding, exists, owned, replace, storage_error
from platform.run.records import LOG, OUTPUTS, RECORD, as_bytes, fresh_dir, step_dir

_KEPT = frozenset({OUTPUTS, LOG})
_SCRATCH = "scratch"
# it has flags, is a mount point, or a process still writes to it
_HELD = frozenset({errno.EPERM, errno.EBUSY, errno.ENOTEMPTY, errno.EEXIST})


class StepDirectory:
    """The new directory of a running step. `in_doubt`: an earlier run of the step was stopped
    before its end."""

    def __init__(self, runtime_dir: Path, step_id: StepId, order: Folder) -> None:
        self.folder, self.target = fresh_dir(runtime_dir, step_id), step_dir(runtime_dir, step_id)
        self._top, self._names, self._order = runtime_dir, step_id.order, order
        self.in_doubt = exists(order, self.folder.name)

    @property
    def outputs(self) -> Path:
        """The directory that the module fills."""
        return self.folder / OUTPUTS

    @property
    def scratch(self) -> Path:
        """The module's working directory."""
        return self.folder / _SCRATCH

    @property
    def log(self) -> Path:
        """The log of all attempts."""
        return self.folder / LOG

    def clear(self) -> None:
        """Prepare an attempt: empty the outputs and the scratch directory, and ensure that the log
        is a file. Displaced; StorageError: the disk refuses."""
        try:
            with self._own() as own:
                for name in (OUTPUTS, _SCRATCH):
                    self._discard(name, own)
                    os.mkdir(name, dir_fd=own.handle)
                os.close(self._mended_log(own))
        except OSError as error:
            raise _refusal(self.folder, "be made", error) from error

    def note(self, text: str) -> None:
        """Add to the log. Displaced; StorageError: the disk refuses."""
        try:
            with self._own() as own, open(self._mended_log(own), "ab") as log:
                log.write(text.encode(errors="backslashreplace"))
        except OSError as error:
            raise _refusal(self.log, "be written", error) from error

    def publish(self, record: RunRecord) -> None:
        """Replace the earlier outputs, log and record. Displaced; StorageError: the disk
        refuses."""
        old, target, order = f".{self.target.name}.old", self.target.name, self._order
        try:
            with self._own() as own:
                for name in own.names():
                    if name not in _KEPT:
                        self._discard(name, own)
                os.fchmod(own.handle, 0o755)
                trees.drop_attributes(own.handle)
                log = self._mended_log(own)
                try:
                    trees.drop_attributes(log)
                finally:
                    os.close(log)
                replace(own, RECORD, as_bytes(record))
                self._discard(old, order)
                trees.clear_flags_at(target, order.handle)
                with contextlib.suppress(FileNotFoundError):
                    os.rename(target, old, src_dir_fd=order.handle, dst_dir_fd=order.handle)
                os.rename(
                    self.folder.name, target, src_dir_fd=order.handle, dst_dir_fd=order.handle
                )
                self._prove(own, target)
            self._discard(old, order)
            with owned(self._top, *self._names) as now:
                self._same(now)
        except OSError as error:
            raise _refusal(self.target, "be put into place", error) from error

    def remove(self) -> None:
        """Remove the new directory, after `publish` or instead of it. OSError."""
        self._discard(self.folder.name, self._order)

    def prepare(self) -> None:
        """Free the names in the order's directory that the step needs, and create its new
        directory. OSError."""
        self._remove_left()
        for name in (self.folder.name, f".{self.target.name}.old"):
            self._discard(name, self._order)
        os.mkdir(self.folder.name, dir_fd=self._order.handle)

    def _discard(self, name: str, within: Folder) -> None:
        """Remove the entry with this name, whatever it is. If it cannot be removed now, such as a
        mount point, it is renamed. OSError: it cannot be renamed either."""
        try:
            trees.remove_at(name, within.handle)
        except OSError:
            number = 0
            while exists(self._order, aside := f".{self.target.name}.left.{number}"):
                number += 1
            os.rename(name, aside, src_dir_fd=within.handle, dst_dir_fd=self._order.handle)

    def _remove_left(self) -> None:
        """Remove the entries that earlier runs renamed, as far as possible."""
        for name in self._order.names():
            if name.startswith(f".{self.target.name}.left."):
                # it does no harm; the next run tries again
                with contextlib.suppress(OSError):
                    trees.remove_at(name, self._order.handle)

    @contextmanager
    def _own(self) -> Iterator[Folder]:
        """The new directory, open and writable, even if the module replaced it or changed the modes
        of the directories above. Refused: its name now leads to another directory."""
        with owned(self._top, *self._names, make=True, mend=True) as now:
            self._same(now)
        name = self.folder.name
        try:
            handle = trees.open_directory(name, self._order.handle)
        except (FileNotFoundError, Refused):
            self._discard(name, self._order)
            os.mkdir(name, dir_fd=self._order.handle)
            handle = trees.open_directory(name, self._order.handle)
            os.mkdir(OUTPUTS, dir_fd=handle)
        with Folder(handle, self._order.named(name)) as own:
            trees.clear_flags(handle)
            yield own

    def _same(self, now: Folder) -> None:
        """Refused: the order's name now leads to another directory. A removed directory is created
        again."""
        if now.identity == self._order.identity:
            return
        if os.fstat(self._order.handle).st_nlink == 0:
            os.dup2(now.handle, self._order.handle, inheritable=False)
        else:
            raise Refused(
                str(self.target.parent), "another directory than when the step began", errno.ESTALE
            )

    def _prove(self, own: Folder, name: str) -> None:
        """Refused: the renamed directory is not the one that was written."""
        status = os.lstat(name, dir_fd=self._order.handle)
        if (status.st_dev, status.st_ino) != own.identity:
            raise Refused(str(self.target), "another directory than was written", errno.ESTALE)

    def _mended_log(self, own: Folder) -> int:
        """A handle of the log. If the module replaced the log by a link or a pipe, this creates a
        new file."""
        try:
            status = os.lstat(LOG, dir_fd=own.handle)
            trees.clear_flags_at(LOG, own.handle)
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                if stat.S_IMODE(status.st_mode) & 0o600 != 0o600:
                    trees.set_mode(LOG, own.handle, 0o644)
            else:
                self._discard(LOG, own)
        except FileNotFoundError:
            pass
        return adding(own, LOG)


def _refusal(path: Path, what: str, error: OSError) -> StorageError:
    """Displaced if the cause is in the step's own directory: the step fails, and its order is
    settled. Otherwise the error of the disk."""
    refused = storage_error(path, what, error)
    return Displaced(str(refused)) if error.errno in _HELD else refused


@contextmanager
def fresh_directory(
    runtime_dir: Path, step_id: StepId, *, leave_trace: bool = False
) -> Iterator[StepDirectory]:
    """A new directory for one run of a step. It is removed at the end, unless it was published.

    With `leave_trace`, it remains if the run is stopped, so that the next run sees that there was
    one. Displaced: a link is in its path. StorageError: it cannot be created.
    """
    with contextlib.ExitStack() as stack:
        try:
            order = stack.enter_context(owned(runtime_dir, *step_id.order, make=True))
            # another user has set them; a later operation fails if it must
            with contextlib.suppress(PermissionError):
                trees.clear_flags(order.handle)
            place = StepDirectory(runtime_dir, step_id, order)
            place.prepare()
        except OSError as error:
            raise _refusal(fresh_dir(runtime_dir, step_id), "be made", error) from error
        place.clear()
        try:
            yield place
        except BaseException:
            if not leave_trace:
                with contextlib.suppress(OSError):  # the first error says more
                    place.remove()
            raise
        place.remove()
