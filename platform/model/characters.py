"""Which characters one line of text may contain: subjects, titles, topics, names in a package.

Accepted: letters, marks, digits, symbols, joiners and spaces of every script. Among them are the
no-break space, the ideographic space, ZWNJ and ZWJ (Persian, Malayalam, emoji) and the
left-to-right and right-to-left marks.

Refused:

* line breaks and control characters
* characters that change the direction of the text around them (U+202A to U+202E, U+2066 to U+2069)
* invisible characters: tags, U+FEFF, annotations, deprecated controls, private use
* code points without a character: surrogates, noncharacters, and those that this Python's version
  of Unicode does not assign
"""
import re
import unicodedata

# Where str.splitlines splits: every line break of Unicode.
_LINE_BREAKS = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_HARMFUL_FORMATS = re.compile(
    "[\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates
    "\u206a-\u206f\ufeff\ufff9-\ufffb"  # deprecated controls, the byte order mark, annotations
    "\U000e0001\U000e0020-\U000e007f]")  # tags: invisible text
# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt): no font shows these, and
# Unicode keeps the list stable.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
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
    "Cn": "an unassigned character",
    "Co": "for private use",
    "Cs": "a surrogate",
}


def refused_in(text: str) -> str:
    """The first character of `text` that a line of text may not contain, or an empty string."""
    if text.isascii() and text.isprintable():  # the usual case, checked in C
        return ""
    return next((character for character in text if _is_refused(character)), "")


def is_invisible(character: str) -> bool:
    """Whether a character may be invisible: a joiner, a soft hyphen, a direction mark, a variation
    selector, a filler."""
    return unicodedata.category(character) == "Cf" or _IGNORABLE.match(character) is not None


def is_line_break(character: str) -> bool:
    return character in _LINE_BREAKS


def name_of(character: str) -> str:
    """The name of a character for messages: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    name = _CONTROL_NAMES.get(character) or unicodedata.name(character, "")
    kind = _CATEGORY_NAMES.get(unicodedata.category(character), "without a name")
    return f"U+{ord(character):04X} {name or f'({kind})'}"


def escaped(text: str, kept: str = "") -> str:
    """`text` with each refused character as its Python escape (`\\x1b`, `\\u202e`), except for
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
    """As `escaped`, with accepted but invisible characters (joiners, direction marks) escaped too.
    For messages in which two different names must look different."""
    return "".join(
        character.encode("unicode_escape").decode()
        if is_invisible(character)
        else character
        for character in escaped(text)
    )


def one_line(text: str) -> str:
    """Untrusted text made safe for one line of a terminal, a diagram or a table: a run of white
    space becomes one space, and a refused character (ESC, a direction override) is escaped."""
    return escaped(" ".join(text.split()))


def printable(text: str) -> str:
    """Untrusted text made safe for a terminal: it keeps its lines, and nothing in it moves the
    cursor or changes a colour."""
    return escaped(text.replace("\r\n", "\n"), kept="\n\t")


def replaced(text: str, by: str) -> str:
    """`text` with `by` instead of each refused character."""
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
