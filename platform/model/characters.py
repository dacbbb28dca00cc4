"""Which characters may stand in one line of text that people write: subjects, titles, topics, names
in a package.

Accepted are letters, marks, digits, signs, joiners and spaces of every script: no-break space,
ideographic space, ZWNJ and ZWJ (Persian, Malayalam, emoji), the left-to-right and right-to-left
marks. Refused are line breaks, control characters, what turns the direction of the text around it
(U+202A to U+202E, U+2066 to U+2069), what no font shows (tags, U+FEFF, annotations, deprecated
controls, private use) and what is no character (surrogates, noncharacters, code points that this
Python's Unicode does not know yet).
"""
import re
import unicodedata

# Where str.splitlines divides: every line break of Unicode.
_LINE_BREAKS = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_HARMFUL_FORMATS = re.compile(
    "[\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates
    "\u206a-\u206f\ufeff\ufff9-\ufffb"  # deprecated controls, the byte order mark, annotations
    "\U000e0001\U000e0020-\U000e007f]")  # tags: text that does not show
# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt), which is for good: what no font shows.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs", "Zl", "Zp"})
_CONTROL_NAMES = {
    "\0": "NULL",
    "\b": "BACKSPACE",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\v": "LINE TABULATION",
    "\f": "FORM FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
}
_CATEGORY_NAMES = {
    "Cc": "a control character",
    "Cn": "not a character that is assigned",
    "Co": "for private use",
    "Cs": "half of a character",
}


def refused_in(text: str) -> str:
    """The first character of `text` that may not stand in a line of text, or nothing."""
    if text.isascii() and text.isprintable():  # the usual text, at the speed of C
        return ""
    return next((character for character in text if _is_refused(character)), "")


def is_invisible(character: str) -> bool:
    """Whether a character may not show where it stands: a joiner, a soft hyphen, a direction mark, a
    variation selector, a filler."""
    return unicodedata.category(character) == "Cf" or _IGNORABLE.match(character) is not None


def is_line_break(character: str) -> bool:
    return character in _LINE_BREAKS


def name_of(character: str) -> str:
    """A character as a message names it: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    name = _CONTROL_NAMES.get(character) or unicodedata.name(character, "")
    kind = _CATEGORY_NAMES.get(unicodedata.category(character), "without a name")
    return f"U+{ord(character):04X} {name or f'({kind})'}"


def escaped(text: str, kept: str = "") -> str:
    """`text` with every refused character spelt as Python spells it (`\\x1b`, `\\u202e`), but for
    those in `kept`."""
    if not refused_in(text):
        return text
    return "".join(
        character.encode("unicode_escape", "surrogatepass").decode()
        if character not in kept and _is_refused(character)
        else character
        for character in text
    )


def visible(text: str) -> str:
    """`text` as `escaped` gives it, with what is accepted and does not show (joiners, direction
    marks) spelt too: for messages in which two names that differ must look different."""
    return "".join(
        character.encode("unicode_escape").decode()
        if is_invisible(character)
        else character
        for character in escaped(text)
    )


def one_line(text: str) -> str:
    """Text that others wrote, safe in one line of a terminal, a diagram or a table: white space
    becomes one space, and a refused character (an escape, a direction override) is spelt out."""
    return escaped(" ".join(text.split()))


def printable(text: str) -> str:
    """Text that others wrote, safe on a terminal: its lines stay lines, and nothing in it moves the
    cursor or changes a colour."""
    return escaped(text.replace("\r\n", "\n"), kept="\n\t")


def replaced(text: str, by: str) -> str:
    """`text` with `by` in the place of every refused character."""
    return (
        "".join(by if _is_refused(character) else character for character in text)
        if refused_in(text)
        else text
    )


def _is_refused(character: str) -> bool:
    return (
        unicodedata.category(character) in _REFUSED_CATEGORIES
        or _HARMFUL_FORMATS.match(character) is not None
    )
