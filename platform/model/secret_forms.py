"""The encoded forms in which the platform searches for a secret. Pure.

A form is a sequence of units, one for each character or byte of the secret. A unit matches every
way to write that character, so the search also finds a text that escapes only some characters.

    form         what it finds
    escaped      UTF-8 and Latin-1; %XX (up to three times, both cases), + for a space, %uXXXX;
                 the escapes of JSON, Python and C, also nested (\\uXXXX, \\u{X},
                 \\UXXXXXXXX, \\xXX, octal, \\n, \\", \\/); HTML references by name
                 and number, also escaped once more; quoted-printable with soft line ends; quotes
                 of a shell and of CSV; two of these kinds, one inside the other, such as the
                 percent encoding of JSON
    UTF-16       both byte orders, with NUL as itself, escaped, or as a space
    base64       standard and URL alphabets, at each of the three offsets in a longer text, with or
                 without padding, over several lines, and with its + / = percent- or JSON-escaped;
                 of the UTF-8, of the UTF-16-LE bytes, and of the base64 of the UTF-8
    hex          both cases, plain or with : - . _ space, comma or 0x between the bytes
    decimal      the byte values, with a comma or white space of up to 8 characters between them
    loose        hex, decimal, and characters as they are or escaped for JSON, with
                 separators between all; base64 of base64; UTF-32. Only of a value of one line
                 and at most 128 characters

Separators are up to MOST_SEPARATORS marks that are not ASCII letters or digits, such as those of a
list with quotes, line ends and indentation. Each may be escaped for JSON or a URL.

The search covers the value without white space around it, each long line of a multi-line value (a
PEM key), the confidential members of a JSON value, and the password in a URL. It skips a value
under MIN_CHARS characters, because any text may contain it.

It does not find: loose forms of a longer value or of one over several lines; encrypted,
compressed, hashed, reversed or re-cased values; base32 and other
bases; base64 more than twice, or of a text over several lines in base64 again; base64, hex or byte
values of another form (of an escaped text, of base64 in hex, of UTF-32), or of UTF-16 except
base64 of UTF-16-LE; numbers of code points outside HTML; escapes of three kinds; letters or
digits between the units; and a part of a secret.
"""
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html.entities import html5
from urllib.parse import unquote, urlsplit

MIN_CHARS = 4
MIN_CHARS_IN_FILES = 6  # a large file contains shorter values by chance
_LINE_CHARS = 8  # of a line or member that is searched for separately
_PIECE_CHARS = 256  # a longer value is split, so that no form exceeds a few kilobytes
# of a value that is searched for in loose forms too: RE2 is slow with those of a long key
_LOOSE_CHARS = 128
# of base64, and of characters one by one; other forms use three units of a whole byte
_BEGIN_UNITS = 4
_ARMOUR = re.compile(r"-----(BEGIN|END) .*-----")
_CONFIDENTIAL = re.compile(r"secret|password|passwd|token|key|credential", re.IGNORECASE)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_ALPHABET = _ALPHABET[:62] + b"-_"

MOST_SEPARATORS = 16
_SEPARATOR = r"(?:[^0-9A-Za-z]|\\[nrtf]|\\u00[0-9a-fA-F]{2}|%[0-7][0-9a-fA-F])"
_SEPARATOR_BYTES = 6
_SLASH = "(?:\\\\|%(?:25)?5[cC])"  # also percent-encoded
_SLASHES = f"{_SLASH}{{1,4}}"
_AMPERSAND = f"(?:&|%(?:25)?26|{_SLASHES}u0026)(?:amp(?:;|%(?:25)?3[bB]))?"
_SEMICOLON = "(?:;|%(?:25)?3[bB])?"
# the most of one character in any way: 20 of slashes, 30 of an ampersand
_ALNUM_BYTES, _MARK_BYTES = 64, 100
_ESCAPES = {  # of one character, besides the numeric escapes
    "\n": (rf"(?:\r|{_SLASHES}r)?(?:\n|{_SLASHES}n)", "%0[dD]%0[aA]"),
    "\r": (f"{_SLASHES}r",),
    "\a": (f"{_SLASHES}a",),
    "\b": (f"{_SLASHES}b",),
    "\t": (f"{_SLASHES}t",),
    "\v": (f"{_SLASHES}v",),
    "\f": (f"{_SLASHES}f",),
    " ": (r"\+", "%2[bB]"),
    '"': ('""',),
    "'": ("''", "'\"'\"'", rf"'{_SLASHES}''"),
}
_SOFT_BREAK = rf"(?:=(?:\r|{_SLASHES}r)?(?:\n|{_SLASHES}n))?"
_SOFT_BREAK_BYTES = 43
_WRAP = rf"(?:(?:\r|{_SLASHES}r)?(?:\n|{_SLASHES}n)[ \t]{{0,8}}|%0[aA]|=\r?\n)?"
_WRAP_BYTES = 50
_HEX_GAP = r"(?:[,;]? ?(?:0[xX])?|[:._-]|\r?\n)"
_NUL = rf"(?:\x00| |{_SLASHES}(?:x00|u0000|0)|%00|&#0;)"
_NUL_BYTES = 25
_PADDING = rf"(?:=|%(?:25)?3[dD]|{_SLASHES}u003[dD]){{0,2}}"


@dataclass(frozen=True, slots=True)
class Forms:
    """Several forms of one part of a secret, as RE2 patterns over bytes: of the whole part and of
    its beginning, with the largest number of bytes that each matches."""

    whole: str
    begin: str
    longest: int
    longest_begin: int


@cache
def forms(value: str, min_chars: int = MIN_CHARS) -> tuple[Forms, ...]:
    """The forms of every part of a secret with at least `min_chars` characters, longest first."""
    long_enough = sorted(
        (part for part in parts(value) if len(part) >= min_chars),
        key=lambda part: (-len(part), part),
    )
    short = len(value.strip().splitlines()) == 1 and len(value) <= _LOOSE_CHARS
    return tuple(
        _any_of(kind(part))
        for part in long_enough
        for kind in ((_compact, _loose) if short else (_compact,))
    )


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


# One part in all its forms. A unit is a pattern and the largest number of bytes that it matches.

_Unit = tuple[str, int]


def _any_of(each: Iterable[Forms]) -> Forms:
    known = list(each)
    return Forms("|".join(form.whole for form in known), "|".join(form.begin for form in known),
                 max(form.longest for form in known), max(form.longest_begin for form in known))


def _compact(text: str) -> Iterator[Forms]:
    utf8, utf16 = text.encode("utf-8", "surrogateescape"), text.encode("utf-16-le", "surrogatepass")
    yield _form([_character(mark) for mark in text], _SOFT_BREAK, _SOFT_BREAK_BYTES)
    yield _form([(_digits(byte, 2), 2) for byte in utf8], _HEX_GAP, 4)
    yield _form([(str(byte), 3) for byte in utf8], r"(?:,\s{0,8}|\s{1,8})", 9)
    for data in (utf8, utf16):
        yield from _base64_forms(data)
    if text.isascii():
        yield _form([(rf"\\{{0,4}}{_raw(byte)}", 5) for byte in utf8], _NUL, _NUL_BYTES)
    else:
        for coding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield _form([(_raw(byte), 1) for byte in text.encode(coding, "surrogatepass")], "", 0,
                        begin=2 * _BEGIN_UNITS)


def _loose(text: str) -> Iterator[Forms]:
    """Forms that take long to compile and are rare: apart, so that they are compiled only when
    one begins."""
    utf8 = text.encode("utf-8", "surrogateescape")
    apart, most = f"{_SEPARATOR}{{1,{MOST_SEPARATORS}}}", _SEPARATOR_BYTES * MOST_SEPARATORS
    # a beginning does not count them: RE2 would need many states
    some, prefix = f"{_SEPARATOR}+?", "(?:0?[xX])?"
    yield _form([_alone(mark) for mark in text], apart, most, begin=_BEGIN_UNITS, begin_gap=some)
    yield _form([(_digits(byte, 2) if byte > 15 else f"0?{_digits(byte, 1)}", 2) for byte in utf8],
                apart + prefix, most + 2, begin_gap=some + prefix)
    yield _form([(f"0{{0,2}}{byte}", 5) for byte in utf8], apart, most, begin_gap=some)
    if text.isascii():
        yield _form(
            [(rf"\\{{0,4}}{_raw(byte)}", 5) for byte in utf8], f"{_NUL}{{3}}", 3 * _NUL_BYTES
        )
    for data in _twice(utf8):
        yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[Forms]:
    for ahead in range(3):
        yield _form(
            list(_base64(data, ahead)), _WRAP, _WRAP_BYTES, _PADDING, 50, begin=_BEGIN_UNITS
        )


def _twice(data: bytes) -> Iterator[bytes]:
    """What is certain of the base64 of `data`, in both alphabets and at each offset, as bytes to
    search for in base64 again. The characters that also encode bits of other bytes are left out."""
    for ahead in range(3):
        certain = slice(-(-8 * ahead // 6), 8 * (ahead + len(data)) // 6)
        standard = b64encode(bytes(ahead) + data)[certain]
        yield from {standard, standard.translate(bytes.maketrans(b"+/", b"-_"))}


def _alone(mark: str) -> _Unit:
    """A character as itself or as JSON or Python escapes it."""
    raw = "".join(map(_raw, mark.encode("utf-8", "surrogateescape")))
    ways = [raw if mark.isalnum() else rf"\\{{0,3}}{raw}", *_by_number(ord(mark))[:1]]
    if 0x80 <= ord(mark) < 0x100:
        ways.append(f"{_SLASHES}x{_digits(ord(mark), 2)}")
    return _either(*ways, *_ESCAPES.get(mark, ())), _MARK_BYTES


def _form(
    units: list[_Unit],
    gap: str,
    gap_bytes: int,
    end: str = "",
    end_bytes: int = 0,
    begin: int = 3,
    begin_gap: str = "",
) -> Forms:
    first = units[:begin]
    return Forms(gap.join(pattern for pattern, _ in units) + end,
                 (begin_gap or gap).join(pattern for pattern, _ in first),
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
        ways.append(f"{_AMPERSAND}(?:{names}){_SEMICOLON}")
    if code < 0x80 and not mark.isalnum():
        return f"{_SLASH}{{0,7}}{_either(*ways, *_ESCAPES.get(mark, ()))}", _MARK_BYTES
    return _either(*ways), _ALNUM_BYTES


def _byte(byte: int) -> list[str]:
    """Every way to write one byte in a text."""
    digits = _digits(byte, 2)
    return [
        _raw(byte),
        f"%(?:25){{0,2}}{digits}",
        f"={digits}",
        f"{_SLASHES}(?:x{digits}|{byte:03o})",
    ]


def _by_number(code: int) -> list[str]:
    """The numeric escapes of a character."""
    halves = chr(code).encode("utf-16-be", "surrogatepass")
    units = [_digits(int.from_bytes(halves[at:at + 2]), 4) for at in range(0, len(halves), 2)]
    plain = _digits(code, 1)
    return ["".join(f"{_SLASHES}u{unit}" for unit in units), "".join(f"%u{unit}" for unit in units),
            rf"{_SLASHES}u\{{0{{0,6}}{plain}\}}", f"{_SLASHES}U{_digits(code, 8)}",
            f"{_AMPERSAND}(?:#|%(?:25)?23)(?:0{{0,6}}{code}|[xX]0{{0,6}}{plain}){_SEMICOLON}"]


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
    letters = sorted(
        {alphabet[index] for index in fitting for alphabet in (_ALPHABET, _URL_ALPHABET)}
    )
    ways = [f"[{''.join(map(_raw, letters))}]"]
    if 62 in fitting:
        ways += ["%(?:25)?2[bB]", f"{_SLASHES}u002[bB]", "&#43;"]
    if 63 in fitting:
        ways += ["%(?:25)?2[fF]", f"{_SLASHES}u002[fF]", "&#47;", f"{_SLASHES}/"]
    return _either(*ways), 9 if len(ways) > 1 else 1


def _digits(number: int, width: int) -> str:
    """A pattern for a number in hexadecimal, in either case."""
    return "".join(
        f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{number:0{width}x}"
    )


def _raw(byte: int) -> str:
    return f"\\x{byte:02x}"


def _either(*ways: str) -> str:
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
