"""Every way to write one character or byte of a secret, as RE2 patterns over bytes. Pure."""
from collections.abc import Iterator
from functools import cache
from html.entities import html5

Unit = tuple[str, int]  # a pattern, and the largest number of bytes that it matches
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_ALPHABET = ALPHABET[:62] + b"-_"
_SLASH = "(?:\\\\|%(?:25)?5[cC])"  # also percent-encoded
SLASHES = f"{_SLASH}{{1,4}}"
_AMPERSAND = f"(?:&|%(?:25)?26|{SLASHES}u0026)(?:amp(?:;|%(?:25)?3[bB]))?"
_SEMICOLON = "(?:;|%(?:25)?3[bB])?"
# the most of one character in any way: 20 of slashes, 30 of an ampersand
_ALNUM_BYTES, _MARK_BYTES = 64, 100
_ESCAPES = {  # of one character, besides the numeric escapes
    "\n": (rf"(?:\r|{SLASHES}r)?(?:\n|{SLASHES}n)", "%0[dD]%0[aA]"),
    "\r": (f"{SLASHES}r",),
    "\a": (f"{SLASHES}a",),
    "\b": (f"{SLASHES}b",),
    "\t": (f"{SLASHES}t",),
    "\v": (f"{SLASHES}v",),
    "\f": (f"{SLASHES}f",),
    " ": (r"\+", "%2[bB]"),
    '"': ('""',),
    "'": ("''", "'\"'\"'", rf"'{SLASHES}''"),
}


@cache
def character(mark: str) -> Unit:
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


def alone(mark: str) -> Unit:
    """A character as itself or as JSON or Python escapes it."""
    plain = "".join(map(raw, mark.encode("utf-8", "surrogateescape")))
    ways = [plain if mark.isalnum() else rf"\\{{0,3}}{plain}", *_by_number(ord(mark))[:1]]
    if 0x80 <= ord(mark) < 0x100:
        ways.append(f"{SLASHES}x{hex_digits(ord(mark), 2)}")
    return _either(*ways, *_ESCAPES.get(mark, ())), _MARK_BYTES


def _byte(byte: int) -> list[str]:
    """Every way to write one byte in a text."""
    digits = hex_digits(byte, 2)
    return [
        raw(byte),
        f"%(?:25){{0,2}}{digits}",
        f"={digits}",
        f"{SLASHES}(?:x{digits}|{byte:03o})",
    ]


def _by_number(code: int) -> list[str]:
    """The numeric escapes of a character."""
    halves = chr(code).encode("utf-16-be", "surrogatepass")
    units = [hex_digits(int.from_bytes(halves[at:at + 2]), 4) for at in range(0, len(halves), 2)]
    plain = hex_digits(code, 1)
    return ["".join(f"{SLASHES}u{unit}" for unit in units), "".join(f"%u{unit}" for unit in units),
            rf"{SLASHES}u\{{0{{0,6}}{plain}\}}", f"{SLASHES}U{hex_digits(code, 8)}",
            f"{_AMPERSAND}(?:#|%(?:25)?23)(?:0{{0,6}}{code}|[xX]0{{0,6}}{plain}){_SEMICOLON}"]


def base64_units(data: bytes, ahead: int) -> Iterator[Unit]:
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
def _sextet(mask: int, wanted: int) -> Unit:
    fitting = [index for index in range(64) if index & mask == wanted & mask]
    letters = sorted(
        {alphabet[index] for index in fitting for alphabet in (ALPHABET, _URL_ALPHABET)}
    )
    ways = [f"[{''.join(map(raw, letters))}]"]
    if 62 in fitting:
        ways += ["%(?:25)?2[bB]", f"{SLASHES}u002[bB]", "&#43;"]
    if 63 in fitting:
        ways += ["%(?:25)?2[fF]", f"{SLASHES}u002[fF]", "&#47;", f"{SLASHES}/"]
    return _either(*ways), 9 if len(ways) > 1 else 1


def hex_digits(number: int, width: int) -> str:
    """A pattern for a number in hexadecimal, in either case."""
    return "".join(
        f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{number:0{width}x}"
    )


def raw(byte: int) -> str:
    return f"\\x{byte:02x}"


def _either(*ways: str) -> str:
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
