"""Converts the bytes of an untrusted file into text, or into one problem that says why not.

Rules: at most `limit` bytes, UTF-8 (a byte order mark is dropped), no NUL or other control
character, not blank. CRLF is allowed. Line and column count from 1, in characters, as in editors.
"""
import re
from contextlib import AbstractContextManager
from pathlib import Path

from platform.confined import HARD_LINK, Folder, Refused, named, read
from platform.model.characters import escaped, name_of
from platform.model.problem import Problem, SourcePosition

# The characters that YAML calls not printable. NUL has its own code; tab and line ends are allowed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")


def shown_file(name: str) -> str:
    """A file's name for a message of one line, with refused characters escaped."""
    return escaped(name)


def place_in(text: str, offset: int, file: str) -> SourcePosition:
    """The place of a character of `text`."""
    before = text[:offset]
    line = before.count("\n") + 1
    return SourcePosition(file, line, offset - (before.rfind("\n") + 1) + 1)


def read_bytes(folder: Folder, name: str, limit: int, *, sole: bool = False) -> bytes | Problem:
    """At most `limit` + 1 bytes of a regular file below a directory, or a problem.

    Links, directories, pipes and devices are problems: a link may lead to another tenant's file,
    and reading a pipe could wait forever. `sole`: a hard link is a problem too."""
    return _read(folder.file(name, sole=sole), shown_file(folder.named(name)), limit)


def read_named(path: Path, file: str, limit: int) -> bytes | Problem:
    """As `read_bytes`, for a file that a person named on a command line: links in its path are
    followed."""
    return _read(named(path), shown_file(file), limit)


def _read(opened: AbstractContextManager[int], file: str, limit: int) -> bytes | Problem:
    try:
        with opened as handle:
            return read(handle, limit)
    except FileNotFoundError:
        return Problem(SourcePosition(file), "file-missing", "the file does not exist",
                       "create it, or name another")
    except Refused as error:
        return refused(error, file)
    except OSError as error:
        return Problem(SourcePosition(file), "file-unreadable",
                       f"cannot be read ({error.strerror})", "give this user read permission")
    except ValueError as error:  # a name with NUL on the command line
        return Problem(SourcePosition(file), "file-unreadable", f"cannot be read ({error})",
                       "name another")


def refused(error: Refused, file: str) -> Problem:
    """The problem of a file that was refused because of its kind, or because of a link above it."""
    if error.offender == file and error.kind == HARD_LINK:
        return Problem(SourcePosition(file), "hard-link",
                       f"is {error.kind}, so it may belong to someone else",
                       "copy it, delete it, and rename the copy")
    if error.offender == file:
        return Problem(SourcePosition(file), "not-a-file", f"is {error.kind}",
                       "replace it with the file itself")
    if error.is_link:
        return linked(error)
    return Problem(SourcePosition(file), "file-missing", "the file does not exist",
                   "create it, or name another")


def linked(error: Refused, subject: tuple[str, ...] = ()) -> Problem:
    """The problem of a symbolic link, pipe or device where a directory must be."""
    return Problem(SourcePosition(error.offender), "linked-directory",
                   f"is {error.kind}, not a directory", "replace it with the directory itself",
                   subject)


def decode(data: bytes, file: str, limit: int) -> str | Problem:
    """The text of a file's bytes, or the problem that makes it unreadable."""
    if len(data) > limit:
        return Problem(
            SourcePosition(file),
            "file-too-large",
            f"is larger than {limit // 1024} KiB",
            "split it",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        readable = data[: error.start].decode("utf-8")
        place = place_in(readable, len(readable), file)
        return Problem(
            place,
            "not-utf8",
            f"byte {data[error.start]:#04x} is not UTF-8 text",
            "save the file as UTF-8",
        )
    text = text.removeprefix("\ufeff")
    bad = _CONTROL.search(text)
    if bad is not None:
        return _control(bad.group(), place_in(text, bad.start(), file))
    if not text.strip():
        return Problem(SourcePosition(file), "file-empty", "is empty", "write it, or delete it")
    return text


def _control(character: str, place: SourcePosition) -> Problem:
    if character == "\0":
        return Problem(
            place, "nul-character", "there is a NUL character", "remove it; is this a text file?"
        )
    return Problem(
        place, "control-character", f"there is the character {name_of(character)}", "remove it"
    )


def control_in(value: str) -> str:
    """The first control character of a value, which may come from an escape such as \\0; empty if
    there is none."""
    found = _CONTROL.search(value)
    return found.group() if found else ""
