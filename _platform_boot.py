"""The way in when the standard library's `platform` was imported first (doit, pytest, coverage, numpy, uuid).

First import of dodo.py, conftest.py and the console script, and where doit finds our plugins by entry point.
It gives an already imported standard module our folder as `__path__`, so that `platform.cli` can be found and
nobody ends up with two copies of a module or of a class.
"""
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def graft() -> None:
    """Make `platform` of this process the standard module and our package at once; doing it twice changes nothing."""
    folder = str(_ROOT / "platform")
    module = sys.modules.get("platform")
    if module is None:
        if str(_ROOT) not in sys.path[:1]:
            sys.path.insert(0, str(_ROOT))
        import_module("platform")
        return
    if folder in getattr(module, "__path__", ()):
        return
    module.__path__ = [folder]
    if module.__spec__ is not None:
        module.__spec__.submodule_search_locations = [folder]


graft()
_CURE = "run scripts/setup, and then `. .venv/bin/activate`"


def lacking(error: ModuleNotFoundError) -> str:
    """One line for whoever starts us with a Python that has not what we need; nothing when the module is ours."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "platform", "_platform_boot"):
        return ""
    return f"{sys.executable} does not have {name}, which this repository needs; {_CURE}"


INTERRUPTED = "interrupted: finished steps are kept; run the same command again to continue"


def _told(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """An uncaught error: 2 and one line when this Python lacks something, 130 and one line for Ctrl-C while we are
    still being read, the usual traceback otherwise."""
    line, exit_status = lacking(error) if isinstance(error, ModuleNotFoundError) else "", 2
    if isinstance(error, KeyboardInterrupt):
        line, exit_status = INTERRUPTED, 130
    if not line:
        sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]
        return
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    os._exit(exit_status)  # an exception hook cannot say it otherwise


sys.excepthook = _told  # before anything of ours is read
graft()


@contextmanager
def complete() -> Iterator[None]:
    """Where doit would show a traceback of what this Python lacks: one line, and 2."""
    try:
        yield
    except ModuleNotFoundError as error:
        if line := lacking(error):
            sys.stderr.write(f"{line}\n")
            raise SystemExit(2) from None
        raise


def ready() -> None:
    """One line, and 2, where a doit reads dodo.py with a Python that lacks what a run needs sooner or later, or without
    our plugins: its run would take no lock."""
    if missing := [package for package, name in NEEDED.items() if find_spec(name) is None]:
        sys.stderr.write(f"{sys.executable} does not have {', '.join(missing)}, which this repository needs; {_CURE}\n")
        raise SystemExit(2)
    if "doit.doit_cmd" in sys.modules and _PLUGINS["Loader"] not in sys.modules:
        sys.stderr.write(f"this doit ({sys.executable}) does not have the plugins of this repository; {_CURE}\n")
        raise SystemExit(2)


# What pyproject.toml depends on, and what it is imported as; much of it is imported only when it is needed.
NEEDED = {"PyYAML": "yaml", "jsonschema": "jsonschema", "rich": "rich", "ghapi": "ghapi", "cronsim": "cronsim",
          "Pillow": "PIL", "Jinja2": "jinja2", "cryptography": "cryptography", "msgspec": "msgspec", "idna": "idna",
          "google-re2": "re2"}
_PLUGINS = {
    "RunCommand": "platform.doit_plugin.command",
    "Loader": "platform.doit_plugin.loader",
    "Backend": "platform.doit_plugin.backend",
}


def __getattr__(name: str) -> object:
    """doit's plugins, imported when doit asks for them and not before."""
    if name in _PLUGINS:
        with complete():
            import_module("platform.streams").guard()  # before doit prints anything
            return getattr(import_module(_PLUGINS[name]), name)
    if name[:1].isupper():  # a plugin that an earlier version had, and that the installed entry points still name
        sys.stderr.write(f"the plugins that {sys.executable} has are of another version of this repository; {_CURE}\n")
        raise SystemExit(2)
    raise AttributeError(name)


def main() -> int:
    """Console script `platform`: the same as `python -m platform.cli`, from anywhere inside the repository."""
    return int(import_module("platform.cli").main())
