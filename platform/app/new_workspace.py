"""Writes the files of a new workspace: all of them, or none."""
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from platform.confined import Folder, create
from platform.errors import StorageError, UsageError

Files = Mapping[str, bytes]
_STAGE = ".platform-init-"  # begins the name of the directory in which the files are first written


def write_workspace(folder: Path, files: Files, derived: Callable[[Path], Files]) -> list[str]:
    """Write the files into a directory that exists or not, and return their paths.

    They are first written beside their places, and then renamed: a directory that does not exist
    becomes the workspace in one step. In one that exists, an error removes what was renamed.

    Args:
        files: the contents by path.
        derived: more files, computed from a directory that contains `files`.

    Raises:
        UsageError: a file exists already, or a directory cannot be one. Nothing was written.
        StorageError: the disk refused. The message says what is left, if anything is.
    """
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise UsageError(f"{folder}: is not a directory; name another")
    top, *made = _make(folder if folder.is_dir() else folder.parent)
    try:
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=top))
    except OSError as error:
        raise _refused(folder, error, _left(made)) from error
    try:
        return _placed(stage, folder, files, derived)
    except OSError as error:
        raise _refused(folder, error, _left([stage, *made])) from error
    finally:
        _left([stage, *([] if folder.exists() else made)])


def _placed(
    stage: Path, folder: Path, files: Files, derived: Callable[[Path], Files]
) -> list[str]:
    """Write everything into `stage`, and then rename it into its place."""
    with Folder.at(stage) as top:
        for path, data in files.items():
            create(top, path, data)
        more = derived(stage)
        for path, data in more.items():
            create(top, path, data)
    whole = sorted([*files, *more])
    if taken := taken_paths(folder, whole):
        raise UsageError(f"{folder}: nothing was written, because these exist already: "
                         f"{', '.join(taken)}; remove them, or name another directory")
    if folder.is_dir():
        _move(stage, folder, whole)
    else:
        stage.chmod(0o777 & ~_umask())
        stage.rename(folder)
    return whole


def taken_paths(folder: Path, paths: Iterable[str]) -> list[str]:
    """The paths that cannot be created: they exist, or a link or a file is where one of their
    directories would be."""
    found = set()
    for path in paths:
        parts = Path(path).parts
        for depth in range(1, len(parts) + 1):
            at = folder.joinpath(*parts[:depth])
            if at.is_symlink() or (at.exists() and (depth == len(parts) or not at.is_dir())):
                found.add("/".join(parts[:depth]))
                break
    return sorted(found)


def _make(folder: Path) -> list[Path]:
    """The directory, and those that were created for it, outermost last. UsageError for a file."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{folder}: is not a directory; name another") from error
    except OSError as error:
        raise _refused(folder, error, []) from error
    return [folder, *missing]


def _move(stage: Path, folder: Path, paths: Iterable[str]) -> None:
    """Rename each file into its place. After an error, those that were renamed are removed."""
    done: list[Path] = []
    try:
        for path in paths:
            missing = [one for one in (folder / path).parents if not one.exists()]
            for parent in reversed(missing):
                parent.mkdir()
                done.append(parent)
            (stage / path).rename(folder / path)
            done.append(folder / path)
    except OSError as error:
        raise _refused(folder, error, _left(done)) from error


def _left(made: Iterable[Path]) -> list[str]:
    """Remove files, and directories with what is in them or, for parents, once they are empty.
    Return those that cannot be removed."""
    kept = []
    for path in sorted(made, reverse=True):
        try:
            if path.name.startswith(_STAGE):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        except OSError:
            pass
        kept += [str(path)] if path.exists() else []
    return kept


def _refused(folder: Path, error: OSError, left: list[str]) -> StorageError:
    rest = f"{', '.join(left)} is left; remove it" if left else "nothing was left; fix the cause"
    return StorageError(f"{folder}: the workspace cannot be written ({error.strerror}); {rest}, "
                        "then try again")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
