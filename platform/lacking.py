"""What to say if this Python lacks a package that PLATFORM needs, or if Ctrl-C ends an import.

Import this before any package that may be missing: it sets the process's exception hook. It needs
the standard library only.
"""
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

INTERRUPTED_LINE = "interrupted: finished steps are kept; run the same command again to continue"
_IS_CHECKOUT = (Path(__file__).resolve().parent.parent / "scripts" / "setup").is_file()
FIX = (
    "run scripts/setup, and then `. .venv/bin/activate`"
    if _IS_CHECKOUT
    else "install it again: pip install --force-reinstall platform-runner"
)
_EXTRAS = {  # packages that not every installation has, by import name
    "cryptography": "pip install 'platform-runner[signing]'",
    "PIL": "pip install 'platform-runner[charts]'",
}
_OWN = ("", "platform", "_platform_boot", "_platform_finder")


def lacking(error: ModuleNotFoundError) -> str:
    """The message if this Python lacks a package that PLATFORM needs.

    Empty if the missing module is PLATFORM's own.
    """
    name = (error.name or "").partition(".")[0]
    if name in _OWN:
        return ""
    return f"{sys.executable} does not have {name}, which PLATFORM needs; {_EXTRAS.get(name, FIX)}"


@contextmanager
def complete() -> Iterator[None]:
    """If this Python lacks a package: one line and exit status 2, instead of doit's traceback."""
    try:
        yield
    except ModuleNotFoundError as error:
        if line := lacking(error):
            sys.stderr.write(f"{line}\n")
            raise SystemExit(2) from None
        raise


def _print_uncaught(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Print an uncaught error.

    If this Python lacks a package: one line and exit status 2. For Ctrl-C during the import: one
    line and exit status 130. Otherwise the usual traceback.
    """
    line, exit_status = lacking(error) if isinstance(error, ModuleNotFoundError) else "", 2
    if isinstance(error, KeyboardInterrupt):
        line, exit_status = INTERRUPTED_LINE, 130
    if not line:
        sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]
        return
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    os._exit(exit_status)  # an exception hook cannot set the exit status in another way


sys.excepthook = _print_uncaught
