"""Names inside a package, and paths below a folder, that mean the same on every system.

Rules: relative, no empty, `.` or `..` part, no backslash, drive or reserved character, no character that may not
be in a line of text (`model/characters.py`), no name that Windows keeps for a device, no part that ends in a dot or
space, parts of at most 255 bytes and paths of at most 240.
"""
import re
import unicodedata

from platform.model.characters import name_of, refused_in

LONGEST_PART = 255  # bytes: what file systems take
LONGEST_PATH = 240  # characters: what Windows unpacks without being asked twice

_DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")
_FORBIDDEN = '<>:"|?*'


def path_fault(path: str) -> str:
    """What is wrong with a path in a package or below an outputs folder, or nothing."""
    if not path:
        return "is empty"
    if "\\" in path:
        return "has a backslash; parts are divided by /"
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
    """Equal for paths that some system takes for one: they differ in case, in Unicode form, or in characters that
    do not show (HFS+ ignores joiners and direction marks)."""
    if not path.isascii():
        path = "".join(character for character in path if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
