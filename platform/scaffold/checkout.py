"""A checkout of the tool that becomes a workspace: which of its files the tool now brings. Pure.

Before the tool could be installed, an operator worked in a checkout of it. `upgrade` moves the
tool's files to KEPT, where nothing reads them; everything else stays where it is.
"""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

KEPT = ".platform/checkout"
_CODE = (
    ".ci", ".since_ts", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md",
    "_platform_boot.py", "_platform_finder.py", "benchmarks", "docs", "installation", "mkdocs.yml",
    "platform_runner.egg-info", "pyproject.toml", "requirements.txt", "schemas", "scripts",
    "tests", ".gitignore", ".github/actions/setup", ".github/zizmor.yml",
    "platform",  # last: while it is there, a command that was interrupted can be repeated
)
_WORKFLOWS = (
    "admin-topup", "cache-prune", "ci", "e2e-verify", "maintenance", "orchestrator", "publish",
    "release", "verify_module", "verify_platform", "verify_workorder",
)



@dataclass(frozen=True, slots=True)
class ModuleCopy:
    """A module's directory: the version in its contract, and the digest of all its files."""

    version: str
    digest: str


Modules = Mapping[str, ModuleCopy]  # by module id


def to_move(exists: Callable[[str], bool], here: Modules, built_in: Modules) -> Iterator[str]:
    """The paths that are moved: the tool's code and workflows, and the modules that have the id and
    the version of a built-in one. A module of another version stays, because its results differ."""
    for name in sorted(here.keys() & built_in.keys()):
        if here[name].version == built_in[name].version:
            yield f"modules/{name}"
    for path in (*(f".github/workflows/{name}.yml" for name in _WORKFLOWS), *_CODE):
        if exists(path):
            yield path


def different(here: Modules, built_in: Modules) -> list[str]:
    """The modules that have the id of a built-in one and other files, sorted."""
    return sorted(name for name in here.keys() & built_in.keys() if here[name] != built_in[name])
