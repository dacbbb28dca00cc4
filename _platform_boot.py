"""Make PLATFORM importable if the standard library's `platform` was imported first.

doit, pytest, coverage, numpy and uuid import the standard module. Therefore dodo.py, conftest.py
and the console script import this module first, and doit finds our loader here by entry point.
This module sets the `__path__` of an already imported standard module to our directory. So
`platform.cli` is found, and no module or class exists twice. In an installation, the finder in
`_platform_finder.py` has done so already.
"""
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).resolve().parent


def graft() -> None:
    """Make `platform` both the standard module and our package. A second call changes nothing."""
    folder = str(_ROOT / "platform")
    module = sys.modules.get("platform")
    if module is None:
        if str(_ROOT) not in sys.path[:1]:
            sys.path.insert(0, str(_ROOT))
        module = import_module("platform")
    if folder in getattr(module, "__path__", ()):
        return
    module.__path__ = [folder]
    if module.__spec__ is not None:
        module.__spec__.submodule_search_locations = [folder]


graft()
from platform.lacking import FIX, complete  # noqa: E402  (it explains what a later import lacks)


def ready() -> None:
    """Let PLATFORM's doit program read dodo.py, whichever doit was started.

    Stop with one line and exit status 2 if this Python lacks a package that a run may need."""
    if missing := [package for package, name in NEEDED.items() if find_spec(name) is None]:
        sys.stderr.write(f"{sys.executable} does not have {', '.join(missing)}, which PLATFORM "
                         f"needs; {FIX}\n")
        raise SystemExit(2)
    if "doit.doit_cmd" in sys.modules:
        _program().instead(Path(sys._getframe(1).f_globals["__file__"]))


def _program() -> ModuleType:
    with complete():
        import_module("platform.streams").guard()  # before doit prints anything
        return import_module("platform.doit_plugin.main")


def Loader() -> object:
    """doit's plugin of the group `doit.LOADER`: does not return, but runs PLATFORM's doit program.
    It is called where the configuration says `loader = "platform"`, and nowhere else."""
    return _program().loader()


# The dependencies of pyproject.toml, and their import names. Many are imported only when needed.
NEEDED = {
    "PyYAML": "yaml",
    "jsonschema": "jsonschema",
    "rich": "rich",
    "ghapi": "ghapi",
    "cronsim": "cronsim",
    "Jinja2": "jinja2",
    "msgspec": "msgspec",
    "idna": "idna",
    "google-re2": "re2",
}
_OLD_PLUGINS = {  # entry points of 0.1.0 before it could be installed; harmless in a workspace
    "RunCommand": "platform.doit_plugin.command",
    "Backend": "platform.doit_plugin.backend",
}


def __getattr__(name: str) -> object:
    """doit's plugins of an earlier version, which the installed entry points name."""
    if name in _OLD_PLUGINS:
        with complete():
            return getattr(import_module(_OLD_PLUGINS[name]), name)
    if name[:1].isupper():
        sys.stderr.write(f"the plugins of {sys.executable} belong to another version of PLATFORM; "
                         f"{FIX}\n")
        raise SystemExit(2)
    raise AttributeError(name)


def main() -> int:
    """Console script `platform`: the same as `python -m platform.cli`, from anywhere inside the
    repository."""
    return int(import_module("platform.cli").main())
