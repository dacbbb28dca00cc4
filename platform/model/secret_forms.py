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
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from platform.model.secret_parts import parts
from platform.model.secret_units import (
    SLASHES,
    Unit,
    alone,
    base64_units,
    character,
    hex_digits,
    raw,
)

MIN_CHARS = 4
MIN_CHARS_IN_FILES = 6  # a large file contains shorter values by chance
# of a value that is searched for in loose forms too: RE2 is slow with those of a long key
_LOOSE_CHARS = 128
# of base64, and of characters one by one; other forms use three units of a whole byte
_BEGIN_UNITS = 4

MOST_SEPARATORS = 16
_SEPARATOR = r"(?:[^0-9A-Za-z]|\\[nrtf]|\\u00[0-9a-fA-F]{2}|%[0-7][0-9a-fA-F])"
_SEPARATOR_BYTES = 6
_SOFT_BREAK = rf"(?:=(?:\r|{SLASHES}r)?(?:\n|{SLASHES}n))?"
_SOFT_BREAK_BYTES = 43
_WRAP = rf"(?:(?:\r|{SLASHES}r)?(?:\n|{SLASHES}n)[ \t]{{0,8}}|%0[aA]|=\r?\n)?"
_WRAP_BYTES = 50
_HEX_GAP = r"(?:[,;]? ?(?:0[xX])?|[:._-]|\r?\n)"
_NUL = rf"(?:\x00| |{SLASHES}(?:x00|u0000|0)|%00|&#0;)"
_NUL_BYTES = 25
_PADDING = rf"(?:=|%(?:25)?3[dD]|{SLASHES}u003[dD]){{0,2}}"


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


def _any_of(each: Iterable[Forms]) -> Forms:
    known = list(each)
    return Forms("|".join(form.whole for form in known), "|".join(form.begin for form in known),
                 max(form.longest for form in known), max(form.longest_begin for form in known))


def _compact(text: str) -> Iterator[Forms]:
    utf8, utf16 = text.encode("utf-8", "surrogateescape"), text.encode("utf-16-le", "surrogatepass")
    yield _form([character(mark) for mark in text], _SOFT_BREAK, _SOFT_BREAK_BYTES)
    yield _form([(hex_digits(byte, 2), 2) for byte in utf8], _HEX_GAP, 4)
    yield _form([(str(byte), 3) for byte in utf8], r"(?:,\s{0,8}|\s{1,8})", 9)
    for data in (utf8, utf16):
        yield from _base64_forms(data)
    if text.isascii():
        yield _form([(rf"\\{{0,4}}{raw(byte)}", 5) for byte in utf8], _NUL, _NUL_BYTES)
    else:
        for coding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield _form([(raw(byte), 1) for byte in text.encode(coding, "surrogatepass")], "", 0,
                        begin=2 * _BEGIN_UNITS)


def _loose(text: str) -> Iterator[Forms]:
    """Forms that take long to compile and are rare: apart, so that they are compiled only when
    one begins."""
    utf8 = text.encode("utf-8", "surrogateescape")
    apart, most = f"{_SEPARATOR}{{1,{MOST_SEPARATORS}}}", _SEPARATOR_BYTES * MOST_SEPARATORS
    # a beginning does not count them: RE2 would need many states
    some, prefix = f"{_SEPARATOR}+?", "(?:0?[xX])?"
    yield _form([alone(mark) for mark in text], apart, most, begin=_BEGIN_UNITS, begin_gap=some)
    pairs = [hex_digits(byte, 2) if byte > 15 else f"0?{hex_digits(byte, 1)}" for byte in utf8]
    yield _form([(pair, 2) for pair in pairs], apart + prefix, most + 2, begin_gap=some + prefix)
    yield _form([(f"0{{0,2}}{byte}", 5) for byte in utf8], apart, most, begin_gap=some)
    if text.isascii():
        yield _form(
            [(rf"\\{{0,4}}{raw(byte)}", 5) for byte in utf8], f"{_NUL}{{3}}", 3 * _NUL_BYTES
        )
    for data in _twice(utf8):
        yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[Forms]:
    for ahead in range(3):
        yield _form(
            list(base64_units(data, ahead)), _WRAP, _WRAP_BYTES, _PADDING, 50, begin=_BEGIN_UNITS
        )


def _twice(data: bytes) -> Iterator[bytes]:
    """What is certain of the base64 of `data`, in both alphabets and at each offset, as bytes to
    search for in base64 again. The characters that also encode bits of other bytes are left out."""
    for ahead in range(3):
        certain = slice(-(-8 * ahead // 6), 8 * (ahead + len(data)) // 6)
        standard = b64encode(bytes(ahead) + data)[certain]
        yield from {standard, standard.translate(bytes.maketrans(b"+/", b"-_"))}


def _form(
    units: list[Unit],
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
