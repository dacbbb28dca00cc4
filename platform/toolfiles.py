"""Where the tool's own files are: schemas, built-in modules and reasons; and the tool's version.

A checkout of the tool has them at its top level, because it is a workspace too. The wheel has a
copy of them inside this package. Files in a workspace with the same names belong to its operator.
Templates and page assets are in the package that uses them, in both cases.
"""
import functools
from pathlib import Path

DISTRIBUTION = "platform-runner"  # the name in pyproject.toml
PACKAGE = Path(__file__).resolve().parent
IN_WHEEL = "_shipped"  # the directory in the package to which the wheel's build copies them
HOME = PACKAGE / IN_WHEEL if (PACKAGE / IN_WHEEL).is_dir() else PACKAGE.parent
SCHEMAS = HOME / "schemas"
MODULES = HOME / "modules"
REASONS_TABLE = HOME / "config" / "reasons.yml"


def extra(name: str) -> str:
    """What pip installs for an extra of the tool, such as `platform-runner[charts]`."""
    return f"{DISTRIBUTION}[{name}]"


def is_checkout(root: Path) -> bool:
    """Whether a workspace is a checkout of the tool or a copy of one. Then its modules/ are the
    built-in modules, and its config/reasons.yml is the tool's table of reasons."""
    try:
        lines = (root / "pyproject.toml").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return f'name = "{DISTRIBUTION}"' in lines


def is_other_checkout(root: Path) -> bool:
    """Whether a directory contains the tool's code, and another copy of the tool is running."""
    code = root / "platform" / "errors.py"
    return code.is_file() and not code.samefile(PACKAGE / "errors.py")


@functools.cache
def version() -> str:
    """The version of this code, such as `0.1.0`. pyproject.toml states it; a checkout reads it
    there, because the metadata of its installation may be older. Imports what only this needs."""
    if PACKAGE.parent == HOME:
        import tomllib

        project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"])
    from importlib.metadata import version as installed

    return installed(DISTRIBUTION)
