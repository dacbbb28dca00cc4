"""Installed packages that bring modules: those with an entry point in the group `platform.modules`.

The entry point's value is a package or directory that contains `modules/<module_id>/module.yml`.
Nothing of the package is imported. `importlib.metadata` costs 25 ms and raises errors for entry
points that it cannot read, so their file is read here; its format is that of INI files.
"""
import os
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from platform.config.text import shown_file
from platform.model.problem import Problem, SourcePosition

GROUP = "platform.modules"
_ENTRY_POINTS = "entry_points.txt"
_METADATA = ("METADATA", "PKG-INFO")  # of a wheel, of an egg
_PACKAGE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class ModulePackage(NamedTuple):
    """An installed package, and the directory in which its `modules/` is, without symbolic
    links."""

    name: str
    home: Path


class _Entry(NamedTuple):
    """An entry point of the group, and its line in the file."""

    name: str
    value: str
    line: int


def module_packages(root: Path) -> tuple[list[ModulePackage], list[Problem]]:
    """The packages in Python's path, and a problem for each entry point that leads to no modules.
    The working directory and the workspace are not in the path: nothing is installed there."""
    found: dict[str, list[ModulePackage]] = {}
    problems = []
    for info, entries in _declaring(root):
        name = _name(info)
        if name in found:
            continue  # Python imports the one that is first in its path
        found[name] = []
        for entry in entries:
            home = _home(entry.value)
            if home is None:
                problems.append(_nowhere(info / _ENTRY_POINTS, name, entry))
            else:
                found[name].append(ModulePackage(name, home))
    return [package for each in found.values() for package in dict.fromkeys(each)], problems


def _declaring(root: Path) -> Iterator[tuple[Path, list[_Entry]]]:
    """The metadata directories of the packages that have entry points of the group."""
    here = {"", ".", str(Path.cwd()), str(root)}
    for place in dict.fromkeys(path for path in sys.path if path not in here):
        try:
            names = sorted(os.listdir(place))  # noqa: PTH208  (names alone; half the time)
        except OSError:  # missing, or a zip file, which contains no directory
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                info = Path(place, name)
                if entries := list(_entries(_read(info / _ENTRY_POINTS))):
                    yield info, entries


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # most packages have no entry points
        return b""


def _entries(data: bytes) -> Iterator[_Entry]:
    if GROUP.encode() not in data:
        return
    section = ""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip()
        elif section == GROUP and text and text[0] not in "#;":
            name, _, value = text.partition("=")
            yield _Entry(name.strip(), value.strip(), number)


def _name(info: Path) -> str:
    """The name in a package's metadata; without one, the name of their directory."""
    for data in (_read(info / name) for name in _METADATA):
        if named := re.search(rb"^Name:[ \t]*(\S+)", data, re.MULTILINE):
            return named[1].decode("utf-8", "replace")
    return info.stem.partition("-")[0]


def _home(value: str) -> Path | None:
    """The directory of an entry point's value that contains `modules/`, or None."""
    module = value.partition(":")[0].partition("[")[0].strip()
    if not _PACKAGE.fullmatch(module):
        return None
    top, *below = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        home = Path(place, *below).resolve()
        if (home / "modules").is_dir():
            return home
    return None


def _nowhere(file: Path, name: str, entry: _Entry) -> Problem:
    return Problem(SourcePosition(shown_file(str(file)), entry.line), "modules-not-found",
                   shown_file(f"the entry point `{entry.name}` of the installed package {name} "
                              f"leads to no directory modules/ ({entry.value or 'no value'})"),
                   "correct it in that package, or uninstall the package", ("folder", str(file)))
