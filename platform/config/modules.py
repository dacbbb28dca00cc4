"""Where each module is: in the workspace, in an installed package, or among the built-in ones.

The sources are searched in this order, and the first one has the module. Only names are listed.
Links are followed in the path of a package, which the operator installed, and nowhere below it.
"""
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform.config.folders import folders_in
from platform.config.installed import module_packages
from platform.confined import Folder, folder_at
from platform.model import ids
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.toolfiles import HOME, is_checkout

WORKSPACE, BUILT_IN = "this workspace", "the tool"


@dataclass(frozen=True, slots=True)
class ModulePlace:
    """A module's directory. `home` contains `modules/`; None: the workspace."""

    module_id: str
    owner: str  # in words: WORKSPACE, BUILT_IN, or the name of an installed package
    home: Path | None = None

    @property
    def folder(self) -> str:
        """Its path relative to `home`, the same wherever the module is."""
        return f"modules/{self.module_id}"

    @property
    def shown(self) -> str:
        """Its path for messages and for doit: relative to the workspace if it is there."""
        return self.folder if self.home is None else str(self.home / self.folder)

    def opened(self, top: Folder) -> AbstractContextManager[Folder]:
        """The directory `home`, open; `top` is the workspace."""
        return nullcontext(top) if self.home is None else folder_at(self.home)


@dataclass(frozen=True, slots=True)
class ModulePlaces:
    """Every module by its id, with the places that have it, the first one first."""

    places: Mapping[str, tuple[ModulePlace, ...]]
    problems: tuple[Problem, ...]

    @property
    def unusable(self) -> frozenset[str]:
        """The modules that nothing is read of, because a link is where their directory must be."""
        return frozenset(
            problem.subject[1] for problem in self.problems
            if problem.subject[:1] == ("module",) and problem.code == "linked-directory"
        )


def module_places(root: Path, top: Folder) -> ModulePlaces:
    """The modules that a workspace can use. `top` is the workspace's open directory `root`."""
    found: dict[str, list[ModulePlace]] = {}
    names, problems = folders_in(top, "modules", ids.MODULE, "a module id", "module")
    for name in names:
        found.setdefault(name, []).append(ModulePlace(name, WORKSPACE))
    installed, wrong = module_packages(root)
    for home, owner in [(each.home, f"the installed package {each.name}") for each in installed]:
        wrong += _added(found, home, owner)
    problems += [*wrong, *_twice(found)]
    if not is_checkout(root):
        problems += _added(found, HOME, BUILT_IN)
    return ModulePlaces({name: tuple(places) for name, places in sorted(found.items())},
                        tuple(problems))


def _added(found: dict[str, list[ModulePlace]], home: Path, owner: str) -> list[Problem]:
    with folder_at(home) as folder:
        names, problems = folders_in(folder, "modules", ids.MODULE, "a module id", "module")
    for name in names:
        found.setdefault(name, []).append(ModulePlace(name, owner, home))
    return problems


def _twice(found: Mapping[str, list[ModulePlace]]) -> Iterator[Problem]:
    """An error for each module of two installed packages: which one runs must not depend on the
    order in which they were installed."""
    for name, places in found.items():
        brought = [place for place in places if place.home is not None]
        for place in brought[1:]:
            yield Problem(
                SourcePosition(f"{place.shown}/module.yml"), "module-twice",
                f"{place.owner} brings the module `{name}`, and so does {brought[0].owner} "
                f"at {brought[0].shown}/module.yml",
                "uninstall one of the packages", ("module", name))


def replaced_wrongly(places: tuple[ModulePlace, ...], value: Mapping[str, Any],
              source: SourceFile) -> Iterator[Problem]:
    """The problems of the first place of a module, whose contract is `value`, with the others.

    A built-in module is replaced only by a contract that says `replaces`."""
    used, hidden = places[0], places[1:]
    subject, says = ("module", used.module_id), value.get("replaces")
    if says is not None and says != used.module_id:
        yield Problem(source.place("replaces"), "replaces-differs",
                      f"the module `{used.module_id}` cannot replace `{says}`",
                      f"write `replaces: {used.module_id}`, or remove the line", subject)
    elif says is not None and not hidden:
        yield Problem(source.place("replaces"), "replaces-nothing",
                      f"there is no other module `{used.module_id}` that this one replaces",
                      "remove the line", subject, warning=True)
    elif says is None and hidden:
        last = hidden[-1]
        yield Problem(source.place("module_id"), "module-taken",
                      f"`{used.module_id}` is also a module of {last.owner}, which this one hides",
                      f"rename the module, or write `replaces: {used.module_id}` if it takes the "
                      "place of that one",
                      subject, warning=last.owner != BUILT_IN)
