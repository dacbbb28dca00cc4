"""Finds the workspace that a command works in.

A workspace is a directory whose `dodo.py` imports `_platform_boot`. `-C DIR` names one, else the
variable PLATFORM_ROOT; otherwise it is the working directory or its nearest parent that is one.
"""
from collections.abc import Mapping
from pathlib import Path

from platform import called
from platform.errors import UsageError

VARIABLE = "PLATFORM_ROOT"
_MARK = b"_platform_boot"  # what dodo.py imports first; a dodo.py of another project does not


def is_workspace(folder: Path) -> bool:
    """Whether the directory has a dodo.py of ours. UsageError if it cannot be read."""
    dodo = folder / "dodo.py"
    try:
        return dodo.is_file() and _MARK in dodo.read_bytes()
    except OSError as error:
        raise UsageError(f"{dodo}: cannot be read ({error.strerror}); make it readable") from error


def find_workspace(named: str, environment: Mapping[str, str], here: Path) -> Path:
    """The workspace of a command line.

    Args:
        named: the value of `-C`, empty if it was not given; relative to `here`.
        environment: the variables of the process. An empty PLATFORM_ROOT is none.
        here: the working directory.

    Raises:
        UsageError: the named directory is not a workspace, or no parent of `here` is one.
    """
    for name, said in ((named, f"-C {named}"), (environment.get(VARIABLE, ""), VARIABLE)):
        if name:
            return _named(here / name, said)
    for folder in (here, *here.parents):
        if is_workspace(folder):
            return folder
    raise UsageError(
        f"{here}: not inside a workspace (no dodo.py here or above imports _platform_boot); change "
        f"to one, name one with `-C DIR`, or create one with `{called.command('init DIR')}`"
    )


def _named(folder: Path, said: str) -> Path:
    if is_workspace(folder):
        return folder
    lacks = "dodo.py does not import _platform_boot" if (folder / "dodo.py").exists() else (
        "it has no dodo.py" if folder.is_dir() else "the directory does not exist")
    raise UsageError(f"{said}: {folder} is not a workspace: {lacks}; name another directory, or "
                     f"create a workspace with `{called.command('init DIR')}`")


def must_be_named(root: Path, environment: Mapping[str, str], here: Path) -> None:
    """UsageError if doit has read the dodo.py of `root` although PLATFORM_ROOT names another
    workspace: what it would charge belongs to one of them."""
    named = environment.get(VARIABLE, "")
    if named and (here / named).resolve() != root.resolve():
        raise UsageError(f"{VARIABLE} names {named}, and doit reads {root / 'dodo.py'}; change to "
                         f"{named}, or unset {VARIABLE}")
