"""References: the names that people give to a payment or correction. Two that look alike are equal.
Pure.

A key is derived from the normalised form: NFC, without spaces at its ends and without invisible
characters. Those are zero-width spaces and joiners, soft hyphens, direction marks, the byte order
mark, variation selectors and fillers: all characters that Unicode calls default ignorable, and all
format characters. A run of spaces of any kind (no-break, ideographic, tab) becomes one space.
Letter case is significant, but references that differ only in case are refused, because one of them
is probably mistyped.
"""
import unicodedata

from platform.model.characters import is_invisible


def normalised(reference: str) -> str:
    """The normalised form of a reference; empty if it has no visible character."""
    shown = "".join(character for character in reference if not is_invisible(character))
    return unicodedata.normalize("NFC", " ".join(shown.split()))


def folded(reference: str) -> str:
    """A form that is equal for references that differ only in letter case."""
    return unicodedata.normalize("NFC", normalised(reference).casefold())
