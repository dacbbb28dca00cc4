"""The encoded forms in which the platform searches for a secret. Pure.

A form is a sequence of units, one for each character or byte of the secret. A unit matches every
way to write that character, so the search also finds a text that escapes only some characters.

    form         what it finds
    escaped      UTF-8 and Latin-1; %XX (up to three times, both cases), + for a space, %uXXXX; the escapes of JSON,
                 Python and C, also nested (\\uXXXX, \\u{X}, \\UXXXXXXXX, \\xXX, octal, \\n, \\", \\/); HTML references
                 by name and number, also escaped once more; quoted-printable with soft line ends; quotes of a shell
                 and of CSV
    UTF-16       both byte orders, with NUL as itself, escaped, or as a space
    base64       standard and URL alphabets, at each of the three offsets in a longer text, with or
                 without padding, over several lines, and with its + / = percent- or JSON-escaped;
                 of the UTF-8 and of the UTF-16-LE bytes
    hex          both cases, plain or with : - . _ space, comma or 0x between the bytes
    decimal      a list of byte values

The search covers the value without white space around it, each long line of a multi-line value (a
PEM key), the confidential members of a JSON value, and the password in a URL. It skips a value
under MIN_CHARS characters, because any text may contain it.

It does not find: encrypted, compressed, hashed, reversed or re-cased values; base32 and other
bases; two encodings of different kinds, one inside the other; and a part of a secret.
"""
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.entities import html5
from urllib.parse import unquote, urlsplit

MIN_CHARS = 4
MIN_CHARS_IN_FILES = 6  # a large file contains shorter values by chance
_LINE_CHARS = 8  # of a line or member that is searched for separately
_PIECE_CHARS = 256  # a longer value is split, so that no form exceeds a few kilobytes
_BEGIN_UNITS = 4  # of base64; other forms use three units of a whole byte
_ARMOUR = re.compile(r"-----(BEGIN|END) .*-----")
_CONFIDENTIAL = re.compile(r"secret|password|passwd|token|key|credential", re.IGNORECASE)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_ALPHABET = _ALPHABET[:62] + b"-_"

_SLASHES = r"\\{1,4}"
_ESCAPES = {  # of one character, besides the numeric escapes
    "\n": (rf"(?:\r|{_SLASHES}r)?(?:\n|{_SLASHES}n)", "%0[dD]%0[aA]"), "\r": (f"{_SLASHES}r",),
    "\a": (f"{_SLASHES}a",), "\b": (f"{_SLASHES}b",), "\t": (f"{_SLASHES}t",), "\v": (f"{_SLASHES}v",),
    "\f": (f"{_SLASHES}f",), " ": (r"\+",), '"': ('""',), "'": ("''", "'\"'\"'", r"'\\{1,4}''")}
_SOFT_BREAK = r"(?:=\r?\n)?"
_WRAP = rf"(?:(?:\r|{_SLASHES}r)?(?:\n|{_SLASHES}n)[ \t]{{0,8}}|%0[aA]|=\r?\n)?"
_WRAP_BYTES = 18
_HEX_GAP = r"(?:[,;]? ?(?:0[xX])?|[:._-]|\r?\n)"
_NUL = rf"(?:\x00| |{_SLASHES}(?:x00|u0000|0)|%00|&#0;)"
_PADDING = rf"(?:=|%(?:25)?3[dD]|{_SLASHES}u003[dD]){{0,2}}"


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms of one part of a secret, as RE2 patterns over bytes: of the whole part and of its
    beginning, with the largest number of bytes that each matches."""

    whole: str
    begin: str
    longest: int
    longest_begin: int


@cache
def forms(value: str, min_chars: int = MIN_CHARS) -> tuple[Forms, ...]:
    """The forms of every part of a secret with at least `min_chars` characters, longest first."""
    return tuple(_forms(part) for part in sorted(parts(value), key=lambda part: (-len(part), part))
                 if len(part) >= min_chars)


def parts(value: str) -> frozenset[str]:
    """The parts of a value to search for: itself, its lines, its confidential members, its
    password."""
    stripped = value.strip()
    members = _members(stripped)
    whole = [text.strip() for text in members] or [stripped]
    lines = [line.strip() for text in whole for line in text.splitlines()]
    found = {*whole, stripped, *lines, _password(stripped)}
    return frozenset(piece for text in found if text == stripped or _telling(text) for piece in _pieces(text))


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


# One part in all its forms. A unit is a pattern and the largest number of bytes that it matches.

_Unit = tuple[str, int]


def _forms(text: str) -> Forms:
    each = list(_each_form(text))
    return Forms("|".join(form.whole for form in each), "|".join(form.begin for form in each),
                 max(form.longest for form in each), max(form.longest_begin for form in each))


def _each_form(text: str) -> Iterator[Forms]:
    utf8, utf16 = text.encode("utf-8", "surrogateescape"), text.encode("utf-16-le", "surrogatepass")
    yield _form([_character(mark) for mark in text], _SOFT_BREAK, 3)
    yield _form([(_digits(byte, 2), 2) for byte in utf8], _HEX_GAP, 4)
    yield _form([(str(byte), 3) for byte in utf8], ", ?", 2)
    for data in (utf8, utf16):
        for ahead in range(3):
            yield _form(list(_base64(data, ahead)), _WRAP, _WRAP_BYTES, _PADDING, 18, begin=_BEGIN_UNITS)
    if text.isascii():
        yield _form([(rf"\\{{0,4}}{_raw(byte)}", 5) for byte in utf8], _NUL, 9)
    else:
        for data in (utf16, text.encode("utf-16-be", "surrogatepass")):
            yield _form([(_raw(byte), 1) for byte in data], "", 0, begin=2 * _BEGIN_UNITS)


def _form(units: list[_Unit], gap: str, gap_bytes: int, end: str = "", end_bytes: int = 0, begin: int = 3) -> Forms:
    first = units[:begin]
    return Forms(gap.join(pattern for pattern, _ in units) + end, gap.join(pattern for pattern, _ in first),
                 sum(size for _, size in units) + gap_bytes * (len(units) - 1) + end_bytes,
                 sum(size for _, size in first) + gap_bytes * (len(first) - 1))


@cache
def _character(mark: str) -> _Unit:
    """Every way to write one character in a text."""
    code, utf8 = ord(mark), mark.encode("utf-8", "surrogateescape")
    ways = ["".join(_either(*_byte(byte)) for byte in utf8)]
    if 0x80 <= code < 0x100:
        ways += _byte(code)
    ways += _by_number(code)
    names = "|".join(sorted({name.rstrip(";") for name, marks in html5.items() if marks == mark}))
    if names:
        ways.append(f"&(?:amp;)?(?:{names});?")
    if code < 0x80 and not mark.isalnum():
        ways.append(rf"\\{{1,7}}{_raw(code)}")
    ways += _ESCAPES.get(mark, ())
    return _either(*ways), max(40, 8 * len(utf8))


def _byte(byte: int) -> list[str]:
    """Every way to write one byte in a text."""
    digits = _digits(byte, 2)
    return [_raw(byte), f"%(?:25){{0,2}}{digits}", f"={digits}", f"{_SLASHES}(?:x{digits}|{byte:03o})"]


def _by_number(code: int) -> list[str]:
    """The numeric escapes of a character."""
    halves = chr(code).encode("utf-16-be", "surrogatepass")
    units = [_digits(int.from_bytes(halves[at:at + 2]), 4) for at in range(0, len(halves), 2)]
    plain = _digits(code, 1)
    return ["".join(f"{_SLASHES}u{unit}" for unit in units), "".join(f"%u{unit}" for unit in units),
            rf"{_SLASHES}u\{{0{{0,6}}{plain}\}}", f"{_SLASHES}U{_digits(code, 8)}",
            f"&(?:amp;)?#0{{0,6}}{code};?", f"&(?:amp;)?#[xX]0{{0,6}}{plain};?"]


def _base64(data: bytes, ahead: int) -> Iterator[_Unit]:
    """The base64 characters that encode bits of `data`, when `ahead` other bytes precede it in
    their group. A unit with only some of those bits matches every character that has them."""
    known = (1 << 8 * len(data)) - 1
    value, behind = int.from_bytes(data), -(ahead + len(data)) % 3
    known, value, total = known << 8 * behind, value << 8 * behind, (ahead + len(data) + behind) * 8
    for shift in range(total - 6, -1, -6):
        mask, wanted = known >> shift & 63, value >> shift & 63
        if mask:
            yield _sextet(mask, wanted)


@cache
def _sextet(mask: int, wanted: int) -> _Unit:
    fitting = [index for index in range(64) if index & mask == wanted & mask]
    letters = sorted({alphabet[index] for index in fitting for alphabet in (_ALPHABET, _URL_ALPHABET)})
    ways = [f"[{''.join(map(_raw, letters))}]"]
    if 62 in fitting:
        ways += ["%(?:25)?2[bB]", f"{_SLASHES}u002[bB]", "&#43;"]
    if 63 in fitting:
        ways += ["%(?:25)?2[fF]", f"{_SLASHES}u002[fF]", "&#47;", f"{_SLASHES}/"]
    return _either(*ways), 9 if len(ways) > 1 else 1


def _digits(number: int, width: int) -> str:
    """A pattern for a number in hexadecimal, in either case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{number:0{width}x}")


def _raw(byte: int) -> str:
    return f"\\x{byte:02x}"


def _either(*ways: str) -> str:
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
