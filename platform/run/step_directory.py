"""Where a step runs and how its result appears: all at once, beside the old one until then.

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
# flagged, mounted, still written to
_HELD = frozenset({errno.EPERM, errno.EBUSY, errno.ENOTEMPTY, errno.EEXIST})


class StepDirectory:
    """The fresh folder of a step that runs. `in_doubt`: an earlier run of the step was stopped
    in the middle."""

    def __init__(self, runtime_dir: Path, step_id: StepId, order: Folder) -> None:
        self.folder, self.target = fresh_dir(runtime_dir, step_id), step_dir(runtime_dir, step_id)
        self._top, self._names, self._order = runtime_dir, step_id.order, order
        self.in_doubt = exists(order, self.folder.name)

    @property
    def outputs(self) -> Path:
        return self.folder / OUTPUTS

    @property
    def scratch(self) -> Path:
        return self.folder / _SCRATCH

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def clear(self) -> None:
        """Empty outputs and scratch folder and a log that is a file, for the first attempt and
        for each that follows. Displaced, StorageError when the disk refuses."""
        try:
            with self._own() as own:
                for name in (OUTPUTS, _SCRATCH):
                    self._discard(name, own)
                    os.mkdir(name, dir_fd=own.handle)
                os.close(self._mended_log(own))
        except OSError as error:
            raise _refusal(self.folder, "be made", error) from error

    def note(self, text: str) -> None:
        """Add to the log. Displaced, StorageError when the disk refuses."""
        try:
            with self._own() as own, open(self._mended_log(own), "ab") as log:
                log.write(text.encode(errors="backslashreplace"))
        except OSError as error:
            raise _refusal(self.log, "be written", error) from error

    def publish(self, record: RunRecord) -> None:
        """Outputs, log and record take the place of what was there. Displaced, StorageError when
        the disk refuses."""
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
        """Remove the fresh folder, as it is after it was published or when it shall not be.
        OSError."""
        self._discard(self.folder.name, self._order)

    def prepare(self) -> None:
        """Free the names in the order's directory that the step needs, and make its fresh
        folder. OSError."""
        self._remove_left()
        for name in (self.folder.name, f".{self.target.name}.old"):
            self._discard(name, self._order)
        os.mkdir(self.folder.name, dir_fd=self._order.handle)

    def _discard(self, name: str, within: Folder) -> None:
        """Free a name in the step's folder or beside it, whatever has it. What cannot be removed
        now, because it is mounted or still written to, is moved aside. OSError when it cannot
        even be moved."""
        try:
            trees.remove_at(name, within.handle)
        except OSError:
            number = 0
            while exists(self._order, aside := f".{self.target.name}.left.{number}"):
                number += 1
            os.rename(name, aside, src_dir_fd=within.handle, dst_dir_fd=self._order.handle)

    def _remove_left(self) -> None:
        """Remove what earlier runs moved aside, as far as that can be done now."""
        for name in self._order.names():
            if name.startswith(f".{self.target.name}.left."):
                # it is in nobody's way; the next run tries again
                with contextlib.suppress(OSError):
                    trees.remove_at(name, self._order.handle)

    @contextmanager
    def _own(self) -> Iterator[Folder]:
        """The fresh folder, open: a directory that can be written to and reached, also when a
        module put something else there or took the modes of those above it away. Refused when
        its name leads elsewhere now."""
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
        """Refused when the order's name leads to another directory now. One that was removed is
        made anew."""
        if now.identity == self._order.identity:
            return
        if os.fstat(self._order.handle).st_nlink == 0:
            os.dup2(now.handle, self._order.handle, inheritable=False)
        else:
            raise Refused(
                str(self.target.parent), "another directory than when the step began", errno.ESTALE
            )

    def _prove(self, own: Folder, name: str) -> None:
        """Refused when what was renamed is not what was written."""
        status = os.lstat(name, dir_fd=self._order.handle)
        if (status.st_dev, status.st_ino) != own.identity:
            raise Refused(str(self.target), "another directory than was written", errno.ESTALE)

    def _mended_log(self, own: Folder) -> int:
        """A handle of the log, which is a file of its own again: a module may have put a link or
        a pipe there."""
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
    """Displaced for what this step's own directory holds, which no other step and no disk can
    help: the step fails and its order settles. Otherwise the error of the disk."""
    refused = storage_error(path, what, error)
    return Displaced(str(refused)) if error.errno in _HELD else refused


@contextmanager
def fresh_directory(
    runtime_dir: Path, step_id: StepId, *, leave_trace: bool = False
) -> Iterator[StepDirectory]:
    """A fresh folder for one run of a step, gone afterwards unless it was published. With
    `leave_trace` it stays when the run is stopped, for the next run to see that there was one.
    Displaced where a link stands on the way to it, StorageError when it cannot be made."""
    with contextlib.ExitStack() as stack:
        try:
            order = stack.enter_context(owned(runtime_dir, *step_id.order, make=True))
            # not this user's to clear; what needs it fails itself
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
                with contextlib.suppress(OSError):  # the error that is on its way says more
                    place.remove()
            raise
        place.remove()
