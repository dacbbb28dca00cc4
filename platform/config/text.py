"""Bytes of a file that anybody may have written become text, or one problem that says why not.

Rules: at most `limit` bytes, UTF-8 (a byte order mark is dropped), no NUL and no other control character, not blank.
CRLF is fine. Line and column count from 1, in characters, as editors do.
"""
import errno
import os
import re
import stat
from pathlib import Path

from platform.model.characters import escaped
from platform.model.problem import Place, Problem

# What YAML calls not printable; NUL has its own code, tab and line ends are fine.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")


def shown_file(name: str) -> str:
    """A file's name as it may stand in a one-line message: what may not be in a line is escaped."""
    return escaped(name)


def place_in(text: str, offset: int, file: str) -> Place:
    """The place of a character of `text`."""
    before = text[:offset]
    line = before.count("\n") + 1
    return Place(file, line, offset - (before.rfind("\n") + 1) + 1)


def read_bytes(path: Path, file: str, limit: int, *, follow: bool = False) -> bytes | Problem:
    """At most `limit` + 1 bytes of a plain file. Links (unless `follow`), folders, pipes and devices are a problem:
    a link may lead to another tenant's file, and a pipe would wait for ever."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        return Problem(Place(file), "file-missing", "there is no such file", "create it, or name another")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENXIO):
            return _not_plain(file)
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Problem(Place(file), "file-unreadable", f"cannot be read ({why})", "let this user read it")
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return _not_plain(file)
        with os.fdopen(handle, "rb", closefd=False) as opened:
            return opened.read(limit + 1)
    except OSError as error:
        return Problem(Place(file), "file-unreadable", f"cannot be read ({error.strerror})", "look at the disk")
    finally:
        os.close(handle)


def _not_plain(file: str) -> Problem:
    return Problem(Place(file), "not-a-file", "is a link, a folder, a pipe or a device", "put a plain file there")


def decode(data: bytes, file: str, limit: int) -> str | Problem:
    """The text of a file's bytes, or the one problem that makes it unreadable."""
    if len(data) > limit:
        return Problem(Place(file), "file-too-large", f"is larger than {limit // 1024} KiB", "split it")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        readable = data[:error.start].decode("utf-8")
        place = place_in(readable, len(readable), file)
        return Problem(place, "not-utf8", f"byte {data[error.start]:#04x} is not UTF-8 text", "save the file as UTF-8")
    text = text.removeprefix("\ufeff")
    bad = _CONTROL.search(text)
    if bad is not None:
        return _control(bad.group(), place_in(text, bad.start(), file))
    if not text.strip():
        return Problem(Place(file), "file-empty", "is empty", "write it, or delete it")
    return text


def _control(character: str, place: Place) -> Problem:
    if character == "\0":
        return Problem(place, "nul-character", "there is a NUL character", "remove it; is this a text file?")
    return Problem(place, "control-character", f"there is a control character U+{ord(character):04X}", "remove it")


def control_in(value: str) -> str:
    """The first control character of a value (it may have come by an escape such as \\0), or nothing."""
    found = _CONTROL.search(value)
    return found.group() if found else ""
