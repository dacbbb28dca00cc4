"""Installed packages that bring modules: those with an entry point in the group `platform.modules`.

The entry point's value is a package or directory that contains `modules/<module_id>/module.yml`.
Nothing of the package is imported. `importlib.metadata` costs 25 ms, so it is imported only if a
package names the group.
"""
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from platform.model.problem import Problem, SourcePosition

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "platform.modules"
_ENTRY_POINTS = "entry_points.txt"


class ModulePackage(NamedTuple):
    """An installed package, and the directory in which its `modules/` is, without symbolic
    links."""

    name: str
    home: Path


def module_packages(root: Path) -> tuple[list[ModulePackage], list[Problem]]:
    """The packages in Python's path, and a problem for each entry point that leads to no modules.
    The working directory and the workspace are not in the path: nothing is installed there."""
    found: dict[str, list[ModulePackage]] = {}
    problems = []
    for info in _declaring(root):
        from importlib.metadata import PathDistribution

        installed = PathDistribution(info)
        name = installed.metadata["Name"] or info.stem.partition("-")[0]
        if name in found:
            continue  # Python imports the one that is first in its path
        found[name] = []
        for point in installed.entry_points:
            if point.group == GROUP:
                home = _home(point)
                if home is None:
                    problems.append(_nowhere(info / _ENTRY_POINTS, name, point))
                else:
                    found[name].append(ModulePackage(name, home))
    return [package for each in found.values() for package in dict.fromkeys(each)], problems


def _declaring(root: Path) -> Iterator[Path]:
    """The metadata directories of the packages that name the group, by the bytes of one file."""
    here = {"", ".", str(Path.cwd()), str(root)}
    for place in dict.fromkeys(path for path in sys.path if path not in here):
        try:
            names = sorted(os.listdir(place))  # noqa: PTH208  (names alone; half the time)
        except OSError:  # missing, or a zip file, which contains no directory
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and _names_group(f"{place}/{name}"):
                yield Path(place, name)


def _names_group(info: str) -> bool:
    try:
        with open(f"{info}/{_ENTRY_POINTS}", "rb") as file:
            return f"[{GROUP}]".encode() in file.read().replace(b" ", b"")
    except OSError:
        return False


def _home(point: "EntryPoint") -> Path | None:
    """The directory of an entry point that contains `modules/`, or None."""
    top, *below = point.module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        home = Path(place, *below).resolve()
        if (home / "modules").is_dir():
            return home
    return None


def _nowhere(file: Path, name: str, point: "EntryPoint") -> Problem:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    line = next((number for number, text in enumerate(lines, 1)
                 if text.partition("=")[0].strip() == point.name), 1)
    return Problem(SourcePosition(str(file), line), "modules-not-found",
                   f"the entry point `{point.name}` of the installed package {name} leads to no "
                   f"directory modules/ ({point.value})",
                   "correct it in that package, or uninstall the package", ("folder", str(file)))
