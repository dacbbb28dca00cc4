"""The placeholder that `new` writes where a person must write, and that a check recognises."""
import re

FILL_IN = "FILL IN"
FILL_IN_FILE = "FILL_IN"  # in the place of a file name

# Other spaces (NBSP too) and marks around it do not make it a text of its own. Nor do small
# letters, when nothing follows or in a title; another text, such as a mail's, may begin with "Fill
# in our form".
_BEGINS = r"[\W_]*fill[\W_]+in(?![^\W_])"
_IN_CAPITALS = re.compile(_BEGINS.replace("fill", "FILL").replace("in(", "IN("))
_IN_ANY_CASE = re.compile(_BEGINS, re.IGNORECASE)
_ALONE = re.compile(_BEGINS + r"[\W_]*\Z", re.IGNORECASE)


def is_placeholder(text: str, *, title: bool = False) -> bool:
    """Whether a text is still a placeholder: the mark alone, or the mark before a description.
    `title`: the text is a title or a name."""
    return any(
        mark.match(text) for mark in (_IN_CAPITALS, _ALONE, *([_IN_ANY_CASE] if title else []))
    )
