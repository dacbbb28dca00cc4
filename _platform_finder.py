"""Makes PLATFORM's packages part of the standard library's module `platform`.

`platform_runner.pth` imports this module when Python starts, so it imports nothing itself and does
its work only when something imports `platform`. That import finds the standard module as always and
adds the directory of our packages to it: `platform.system()` and `platform.cli` both exist. A
`platform` that is found before the standard module, such as a project's own, is left alone.
"""
import sys

_OURS = __file__.rpartition("/")[0] + "/platform"


def _is_standard(spec):
    import os

    return (
        spec is not None
        and spec.submodule_search_locations is None
        and (spec.origin or "").rpartition("/")[0] == os.__file__.rpartition("/")[0]
    )


class Finder:
    """A finder of `sys.meta_path` that knows one name."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "platform":
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name)
        if _is_standard(spec):
            spec.submodule_search_locations = [_OURS]
        return spec


def install():
    """Add the finder once, and our directory to a standard module that is imported already."""
    module = sys.modules.get("platform")
    if module is not None and _is_standard(module.__spec__):
        module.__path__ = [_OURS]
        module.__spec__.submodule_search_locations = [_OURS]
    if not any(getattr(each, "__module__", "") == __name__ for each in sys.meta_path):
        sys.meta_path.insert(0, Finder)


def hint():
    """If this is doit, started below a workspace without a dodo.py: say at its end where the
    workspace is. doit's own error does not know."""
    program = sys.orig_argv[2:3] if sys.orig_argv[1:2] == ["-m"] else sys.orig_argv[1:2]
    if program and program[0].rpartition("/")[2] == "doit":
        import os
        from pathlib import Path

        try:
            here = Path.cwd()
        except OSError:  # it was deleted; doit says so itself
            return
        said = any(word.startswith(("-f", "-d", "-k", "--")) for word in sys.orig_argv[2:])
        if not said and not any(
            os.path.lexists(here / name) for name in ("dodo.py", "doit.cfg", "pyproject.toml")
        ):
            _register_hint(here)


def _register_hint(here):
    for folder in here.parents:
        try:
            ours = b"_platform_boot" in (folder / "dodo.py").read_bytes()
        except OSError:
            continue
        if ours:
            import atexit

            line = f"the workspace is {folder}; change to it, or give doit -k\n"
            atexit.register(sys.stderr.write, line)
            return


install()
hint()
