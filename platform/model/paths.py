"""Names in a package, and paths below a directory, that mean the same on every system.

Rules: a path is relative and has at most 240 characters; a part has at most 255 bytes. No part is
empty, `.` or `..`, ends in a dot or space, or is the name of a device on Windows. A path contains
no backslash, drive or reserved character, and no character that `model/characters.py` refuses.
"""
import re
import unicodedata

from platform.model.characters import name_of, refused_in

LONGEST_PART = 255  # bytes: the limit of file systems
LONGEST_PATH = 240  # characters: Windows unpacks these without extra settings

_DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")
_FORBIDDEN = '<>:"|?*'


def path_fault(path: str) -> str:
    """What is wrong with a path in a package or outputs directory, as a clause that follows it;
    empty if it is valid."""
    if not path:
        return "is empty"
    if "\\" in path:
        return "has a backslash; separate parts with /"
    if path.startswith("/"):
        return "is absolute"
    if re.match(r"[A-Za-z]:", path):
        return "begins with a drive"
    if len(path) > LONGEST_PATH:
        return f"is longer than {LONGEST_PATH} characters"
    return next((fault for part in path.split("/") if (fault := _part_fault(part))), "")


def _part_fault(part: str) -> str:
    if part in ("", ".", ".."):
        return f"has a part that is {part or 'empty'}"
    refused = refused_in(part)
    if refused:
        return f"has the character {name_of(refused)}"
    if any(mark in _FORBIDDEN for mark in part):
        return f"has one of the characters {_FORBIDDEN}"
    if part[-1] in ". ":
        return "has a part that ends in a dot or a space"
    if _DEVICE.fullmatch(part):
        return f"has the reserved name {part}"
    if len(part.encode()) > LONGEST_PART:
        return f"has a part of more than {LONGEST_PART} bytes"
    return ""


def folded(path: str) -> str:
    """A key that is equal for paths that some system treats as one: they differ only in case, in
    Unicode form, or in invisible characters (HFS+ ignores joiners and direction marks)."""
    if not path.isascii():
        path = "".join(character for character in path if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
