"""The directory in which `run-module` works, and which it keeps if its author asks for that.

    DIR/.run-module     marks a directory that run-module may write to; locked while one does
    DIR/outputs/        log.txt, run.json, delivered/     what the last run left
    DIR/.work/          while a module runs

Nothing else in DIR is changed.
"""
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platform import flock, trees
from platform.errors import ConflictError, UsageError
from platform.files import real_path
from platform.owned import storage_error
from platform.run.records import LOG, OUTPUTS, RECORD
from platform.verify.trial import DELIVERED

MARK = ".run-module"
_WORK = ".work"
_RESULTS = (OUTPUTS, LOG, RECORD)
_SOURCES = ("modules", "tenants", "config", "schemas")  # of a workspace: what people write there


def kept_directory(name: str, root: Path, runtime_dir: Path, billing_state_dir: Path) -> Path:
    """The absolute path of a directory that the author named, which need not exist. It can be below
    `runtime_dir`.

    Raises:
        UsageError: it is the workspace's runtime directory, or in a directory whose files are the
            workspace's own.
        ConflictError: it is a file, or has contents that run-module did not write.
    """
    path = real_path(name)
    if path == runtime_dir.resolve() or path.is_relative_to(billing_state_dir.resolve()):
        raise UsageError(f"{name}: belongs to the workspace's runs; name a directory of its own, "
                         "such as runtime/try")
    for source in _SOURCES:
        if path.is_relative_to(root / source):
            raise UsageError(f"{name}: is in {source}/, whose files PLATFORM reads; name a "
                             "directory elsewhere")
    try:
        entries = {entry.name for entry in path.iterdir()}
        marked = MARK in entries and stat.S_ISREG(os.lstat(path / MARK).st_mode)
    except FileNotFoundError:
        return path
    except NotADirectoryError as error:
        raise ConflictError(f"{name}: is not a directory; name a new directory") from error
    except OSError as error:
        raise storage_error(Path(name), "be read", error) from error
    if entries and not marked:
        raise ConflictError(
            f"{name}: is not empty, and run-module did not write it; name a new directory")
    return path


@contextmanager
def working_in(path: Path) -> Iterator[Path]:
    """A fresh directory below a kept one, removed at the end. ConflictError while another run
    works there; StorageError if the disk fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = flock.open_lock(path / MARK)
    except OSError as error:
        raise storage_error(path, "be written", error) from error
    try:
        if not flock.take_now(lock):
            raise ConflictError(f"{path}: another run-module works there; wait, or name another "
                                "directory")
        work = path / _WORK
        try:
            _free(work)
            work.mkdir()
        except OSError as error:
            raise storage_error(work, "be made", error) from error
        try:
            yield work
        finally:
            with suppress(OSError):  # the next run removes it
                _free(work)
    finally:
        os.close(lock)


@contextmanager
def working_nowhere() -> Iterator[Path]:
    """A temporary directory."""
    with tempfile.TemporaryDirectory(prefix="run-module-") as name:
        yield Path(name).resolve()


def keep_results(made: Path, path: Path) -> None:
    """Move the results of a run from its step's directory `made` into the kept directory, in place
    of the earlier ones. StorageError if the disk fails."""
    try:
        for name in (*_RESULTS, DELIVERED):
            _free(path / name)
        for name in _RESULTS:
            (made / name).rename(path / name)
        with suppress(FileNotFoundError):
            (path / _WORK / DELIVERED).rename(path / DELIVERED)
    except OSError as error:
        raise storage_error(path, "be written", error) from error


def _free(path: Path) -> None:
    with suppress(FileNotFoundError):
        trees.remove(path)
