"""The parts of a secret that are searched for separately. Pure."""
import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

_LINE_CHARS = 8  # of a line or member that is searched for separately
_PIECE_CHARS = 256  # a longer value is split, so that no form exceeds a few kilobytes
_ARMOUR = re.compile(r"-----(BEGIN|END) .*-----")
_CONFIDENTIAL = re.compile(r"secret|password|passwd|token|key|credential", re.IGNORECASE)


def parts(value: str) -> frozenset[str]:
    """The parts of a value to search for: itself, its lines, its confidential members, its
    password."""
    stripped = value.strip()
    members = _members(stripped)
    whole = [text.strip() for text in members] or [stripped]
    lines = [line.strip() for text in whole for line in text.splitlines()]
    found = {*whole, stripped, *lines, _password(stripped)}
    return frozenset(
        piece for text in found if text == stripped or _telling(text) for piece in _pieces(text)
    )


def _telling(text: str) -> bool:
    return len(text) >= _LINE_CHARS and not _ARMOUR.fullmatch(text)


def _members(text: str) -> list[str]:
    """The strings of a JSON value with a name that marks them as confidential, such as a service
    account's key."""
    if not text.startswith(("{", "[")):
        return []
    try:
        waiting, found = [("", json.loads(text))], []
    except (ValueError, RecursionError):
        return []
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += list(value.items())
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif isinstance(value, str) and _CONFIDENTIAL.search(name) and "://" not in value:
            found.append(value)
    return found


def _password(text: str) -> str:
    """The password in a URL; empty for any other text."""
    if "://" not in text or any(mark.isspace() for mark in text):
        return ""
    try:
        return unquote(urlsplit(text).password or "")
    except ValueError:
        return ""


def _pieces(text: str) -> Iterator[str]:
    count = -(-len(text) // _PIECE_CHARS)
    size = -(-len(text) // count) if count else 1
    return (text[start:start + size] for start in range(0, len(text), size))
