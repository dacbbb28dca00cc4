"""References: what people call a payment or a correction. Two that look alike are one. Pure.

A key is made of the normalised form: NFC, without characters that do not show (zero-width spaces
and joiners, soft hyphens, direction marks, the byte order mark, variation selectors, fillers: all
that Unicode calls default ignorable, and all format characters), without spaces at its ends, and
with one space for each run of spaces of any kind (no-break, ideographic, tab). Letter case is part
of a reference, but two that differ in nothing else are refused: one of them is probably mistyped.
"""
import unicodedata

from platform.model.characters import is_invisible


def normalised(reference: str) -> str:
    """The one form of a reference; empty when nothing of it shows."""
    shown = "".join(character for character in reference if not is_invisible(character))
    return unicodedata.normalize("NFC", " ".join(shown.split()))


def folded(reference: str) -> str:
    """The same for all references that differ in letter case only."""
    return unicodedata.normalize("NFC", normalised(reference).casefold())
