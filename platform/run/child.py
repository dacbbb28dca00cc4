"""The program of the child process: one call of one module's `run(params, outputs_dir)`. Standard library only.

The parent compiles it once and hands it over (worker.py): compiling it each time would cost a third of what starting
Python does. Parent and child talk through three open file descriptors:

REQUEST   this program and the job, marshalled: both ends are the same interpreter, and importing json would take as
          long again as starting Python.
ANSWER    text fields, each ended by NUL, written as things happen, so that a sudden death shows how far it came. They
          hold secrets, and are longer than what is kept: the parent redacts first and cuts then (worker.py).
          `moved TEXT` when what stands at a path is not what the parent looked at, and nothing was executed;
          otherwise `load`, `run`, then one of
              returned STATUS REASON MESSAGE
              malformed TEXT             what run() returned was no result
              raised ERRNO TEXT          an exception that nobody caught; ERRNO is empty unless the system gave one
LIFELINE  a pipe that only the parent can write to. When it closes, the parent is gone, and the kernel kills this whole
          process group: no orphan goes on writing.

The environment comes in the request, where no process list shows it, and is set exactly. Compiled files of the module
are neither read nor written: Python trusts them by time and size, and an edit may change neither. Of our package a
module may import `platform.delivery` and `platform.bundle`.
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
if TYPE_CHECKING:  # at run time these would cost more than the rest of this file
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any

OPEN_ROOMS = frozenset({"delivery", "bundle"})
# What the open rooms stand on; not for modules.
THEIR_NEEDS = frozenset({"model", "errors", "files", "owned", "trees", "confined", "openat", "ports"})
_MEGABYTE = 1 << 20
_SIGKILL = 9  # the module `signal` costs 4 ms
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # of prctl(2)


def main(job: dict[str, Any], answer: int, lifeline: int) -> None:
    """Do `job` (worker.py, `_request`); returns when `run` did, and ends by its exception when it did not."""
    die_with_parent(lifeline)
    enter(job["groups"])
    os.umask(0o022)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # in the log as it happened, also when a time-out cuts it off
    limit(job["limits"])
    os.environ.clear()  # bubblewrap adds to it
    os.environ.update(job["env"])
    if job["filter"]:
        filter_calls(job["filter"])
    find_modules(job["src"], job["packages"], job["platform"])

    longest: int = job["field_chars"]

    def say(*fields: str) -> None:
        os.write(answer, b"".join(field.replace("\0", " ")[:longest].encode("utf-8", "backslashreplace") + b"\0"
                                  for field in fields))

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
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
    """Device and inode of what stands at a path, a link itself included."""
    try:
        found = os.lstat(path)
    except OSError:
        return []
    return [found.st_dev, found.st_ino]


def told(returned: object) -> list[str]:
    """What `run` returned, as the fields of an answer. Whether the status is one is for the parent to say."""
    if isinstance(returned, dict):
        fields: list[Any] = [returned.get("status"), returned.get("reason_slug") or "", returned.get("message") or ""]
        if all(isinstance(field, str) for field in fields):
            return ["returned", *fields]
    return ["malformed", repr(returned)]


def die_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process group when the other end of the pipe closes; at once when it has."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, _SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    try:
        os.read(lifeline, 1)
    except BlockingIOError:
        return  # open, and nothing to read: the parent is there
    os.killpg(os.getpgrp(), _SIGKILL)


def enter(groups: list[int]) -> None:
    """Move this process into the control groups whose handles these are, before anything of the module is executed."""
    for handle in groups:
        os.write(handle, b"0")
        os.close(handle)


def filter_calls(program: bytes) -> None:
    """Have the kernel refuse the system calls that `program` refuses, for ever and for all children. OSError when it
    does not: then nothing of the module may run.

    Through `_ctypes`, because importing `ctypes` takes 4 ms, a third of what starting Python does.
    """
    _ctypes: Any = __import__("_ctypes")  # its stubs know half of it

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
    count = (len(program) // 8).to_bytes(8, sys.byteorder)  # an unsigned short, padded to where the pointer begins
    handed = (chars * 16).from_buffer_copy(count + address)
    prctl = Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(_SET_SECCOMP, _FILTER, _ctypes.byref(handed), 0, 0):
        raise OSError("the kernel refuses the filter of system calls")


def limit(limits: dict[str, int]) -> None:
    """Limits of this process and its children; zero is no limit. `cpu_s` stands behind the parent's clock."""
    for name, value in ((resource.RLIMIT_AS, limits["memory_mb"] * _MEGABYTE),
                        (resource.RLIMIT_FSIZE, limits["file_mb"] * _MEGABYTE),
                        (resource.RLIMIT_NPROC, limits["processes"]), (resource.RLIMIT_CPU, limits["cpu_s"])):
        if value:
            _, hard = resource.getrlimit(name)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(name, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def own_frames(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this file: the module's author did not write them."""
    while trace and trace.tb_next and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


# Finding modules


class FreshLoader(SourceFileLoader):
    """Compiles a module's source anew, whatever compiled files lie beside it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class Ours:
    """Finds `platform` as our package, which is the standard module too, and nothing else of it but the open rooms.

    The repository itself is not on the path, and until somebody imports `platform` this costs nothing.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "platform":
            file = f"{self._folder}/__init__.py"
            spec = ModuleSpec(name, SourceFileLoader(name, file), origin=file, is_package=True)
            spec.submodule_search_locations = [self._folder]
            return spec
        if name.startswith("platform.") and name.split(".")[1] not in OPEN_ROOMS | THEIR_NEEDS:
            raise ImportError(refusal(name))
        return None


def find_modules(src: str, packages: list[str], platform: str) -> None:
    """Look for modules in `src`, then in the standard library, then in the installed `packages`."""
    fresh = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (FreshLoader, SOURCE_SUFFIXES))

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
    """`import` that refuses modules what the open rooms stand on, whether it is loaded already or not."""
    def guard(name: str, *given: Any, **named: Any) -> ModuleType:
        if name.partition(".")[0] == "platform":
            scope, names = given[0] if given else named.get("globals"), given[2] if given[2:] else named.get("fromlist")
            asked = {name.split(".")[1]} if "." in name else set(names or ())
            if asked & THEIR_NEEDS and not str((scope or {}).get("__name__")).startswith("platform."):
                raise ImportError(refusal(f"platform.{min(asked & THEIR_NEEDS)}"))
        return import_(name, *given, **named)

    return guard


def refusal(name: str) -> str:
    return f"{name} is not for modules; of platform they may import platform.delivery and platform.bundle"
