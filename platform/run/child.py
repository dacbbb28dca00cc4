"""The program of the child process: one call of one module's `run(params, outputs_dir)`. Standard
library only.

The parent compiles this program once and passes the code on (worker.py). Compiling it for each
child would take a third of the time that starting Python takes. Parent and child communicate
through three open file descriptors:

REQUEST   This program and the job, marshalled. Both ends are the same interpreter, and importing
          json would take as long as starting Python.
ANSWER    Text fields, each ended by NUL. Each is written at once, so that after a crash the parent
          knows how far the child came. The fields can contain secrets and can be longer than what
          is kept: the parent redacts them first and cuts them then (worker.py).
          `moved TEXT` if a path has other contents than the parent checked; nothing was executed.
          Otherwise `load`, `run`, then one of
              returned STATUS REASON MESSAGE
              malformed TEXT             run() did not return a result
              raised ERRNO TEXT          an uncaught exception; ERRNO is empty if it has none
LIFELINE  A pipe that only the parent can write to. When it closes, the parent has ended, and the
          kernel kills this whole process group. So no orphan continues to write.

The request contains the environment, so no process list shows it, and the child has exactly this
environment. Compiled files of the module are neither read nor written: Python checks them by time
and size, and an edit may change neither. From our package, a module may import `platform.delivery`
and `platform.bundle`.
"""
from __future__ import annotations

import builtins
import fcntl
import io
import os
import resource
import sys
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # at run time, these imports would take longer than the rest of this file
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any

OPEN_PACKAGES = frozenset({"delivery", "bundle", "search"})
# Packages that the open packages need, and that modules must not import.
INTERNAL = frozenset({"model", "errors", "files", "owned", "trees", "confined", "openat", "ports"})
_MEGABYTE = 1 << 20
_SIGKILL = 9  # the module `signal` costs 4 ms
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # of prctl(2)


def main(job: dict[str, Any], answer: int, lifeline: int) -> None:
    """Run `job` (worker.py, `_request`). Return when the module's `run` returns; raise what it
    raises."""
    die_with_parent(lifeline)
    enter(job["groups"])
    os.umask(0o022)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # so that the log is complete after a time-out
    limit(job["limits"])
    os.environ.clear()  # bubblewrap adds variables
    os.environ.update(job["env"])
    if job["filter"]:
        filter_calls(job["filter"])
    find_modules(job["src"], job["packages"], job["platform"])

    longest: int = job["field_chars"]

    def say(*fields: str) -> None:
        os.write(
            answer,
            b"".join(
                field.replace("\0", " ")[:longest].encode("utf-8", "backslashreplace") + b"\0"
                for field in fields
            ),
        )

    def crashed(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        number = getattr(error, "errno", None)
        say("raised", str(number) if isinstance(number, int) else "", f"{kind.__name__}: {error}")
        sys.__excepthook__(kind, error.with_traceback(own_frames(trace)), None)

    sys.excepthook = crashed
    if moved := [path for path, *identity in job["same"] if identity != identity_of(path)]:
        say("moved", f"{moved[0].rpartition('/')[2]} is another file than was looked at")
        return
    say("load")
    module = __import__("run")
    function = module.run
    say("run")
    say(*told(function(job["params"], job["outputs"])))


def identity_of(path: str) -> list[int]:
    """Device and inode of a path. A link is not followed."""
    try:
        found = os.lstat(path)
    except OSError:
        return []
    return [found.st_dev, found.st_ino]


def told(returned: object) -> list[str]:
    """The return value of `run` as the fields of an answer. The parent checks the status."""
    if isinstance(returned, dict):
        fields: list[Any] = [
            returned.get("status"),
            returned.get("reason_slug") or "",
            returned.get("message") or "",
        ]
        if all(isinstance(field, str) for field in fields):
            return ["returned", *fields]
    return ["malformed", repr(returned)]


def die_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process group when the other end of the pipe closes, or now if
    it has closed."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, _SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    try:
        os.read(lifeline, 1)
    except BlockingIOError:
        return  # the pipe is open: the parent is alive
    os.killpg(os.getpgrp(), _SIGKILL)


def enter(groups: list[int]) -> None:
    """Move this process into the control groups with these handles, before the module's code
    runs."""
    for handle in groups:
        os.write(handle, b"0")
        os.close(handle)


def filter_calls(program: bytes) -> None:
    """Install the filter of system calls `program`, permanently and for all children. OSError if
    the kernel refuses it: then no code of the module may run.

    This uses `_ctypes`, because importing `ctypes` takes 4 ms, a third of the start of Python.
    """
    _ctypes: Any = __import__("_ctypes")  # its stubs are incomplete

    class Int(_ctypes._SimpleCData):  # type: ignore[misc]
        _type_ = "i"

    class Char(_ctypes._SimpleCData):  # type: ignore[misc]
        _type_ = "c"

    class Function(_ctypes.CFuncPtr):  # type: ignore[misc]
        _flags_ = _ctypes.FUNCFLAG_CDECL
        _restype_ = Int

    chars: Any = Char
    code = (chars * len(program)).from_buffer_copy(program)
    address = _ctypes.addressof(code).to_bytes(8, sys.byteorder)
    count = (len(program) // 8).to_bytes(8, sys.byteorder)  # unsigned short, padded to the pointer
    handed = (chars * 16).from_buffer_copy(count + address)
    prctl = Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(
        _SET_SECCOMP, _FILTER, _ctypes.byref(handed), 0, 0
    ):
        raise OSError("the kernel refuses the filter of system calls")


def limit(limits: dict[str, int]) -> None:
    """Limit this process and its children; zero means no limit. `cpu_s` is longer than the parent's
    time limit."""
    for name, value in (
        (resource.RLIMIT_AS, limits["memory_mb"] * _MEGABYTE),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * _MEGABYTE),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
    ):
        if value:
            _, hard = resource.getrlimit(name)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(name, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def own_frames(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this file, which are not the module author's."""
    while trace and trace.tb_next and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


# Finding modules


class FreshLoader(SourceFileLoader):
    """Compiles a module's source again, and ignores compiled files next to it."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of a module, compiled from its source."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class Ours:
    """Finds `platform` as our package, which is also the standard module, and only its open
    packages.

    The repository itself is not on the path. This takes no time until `platform` is imported.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`. ImportError: the package is not for modules."""
        if name == "platform":
            file = f"{self._folder}/__init__.py"
            spec = ModuleSpec(name, SourceFileLoader(name, file), origin=file, is_package=True)
            spec.submodule_search_locations = [self._folder]
            return spec
        if name.startswith("platform.") and name.split(".")[1] not in OPEN_PACKAGES | INTERNAL:
            raise ImportError(refusal(name))
        return None


def find_modules(src: str, packages: list[str], platform: str) -> None:
    """Look for modules in `src`, then in the standard library, then in the installed `packages`.

    From then on, an import of an internal package is an ImportError.
    """
    fresh = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES), (FreshLoader, SOURCE_SUFFIXES)
    )

    def below_src(path: str) -> Any:
        if path != src and not path.startswith(f"{src}/"):
            raise ImportError
        return fresh(path)

    sys.dont_write_bytecode = True
    sys.path_hooks.insert(0, below_src)
    sys.path[:] = [src, *sys.path, *packages]
    sys.meta_path.insert(0, Ours(platform))
    builtins.__import__ = guarded(builtins.__import__)


def guarded(import_: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
    """An `import` that refuses internal packages to modules, even if they are already loaded:
    ImportError."""
    def guard(name: str, *given: Any, **named: Any) -> ModuleType:
        if name.partition(".")[0] == "platform":
            scope, names = (
                given[0] if given else named.get("globals"),
                given[2] if given[2:] else named.get("fromlist"),
            )
            asked = {name.split(".")[1]} if "." in name else set(names or ())
            if asked & INTERNAL and not str((scope or {}).get("__name__")).startswith("platform."):
                raise ImportError(refusal(f"platform.{min(asked & INTERNAL)}"))
        return import_(name, *given, **named)

    return guard


def refusal(name: str) -> str:
    """The message of the ImportError."""
    return (
        f"{name} is not for modules; of platform they may import platform.delivery, "
        "platform.bundle and platform.search"
    )
