"""Counts and short texts for messages."""


def counted(count: int, one: str, many: str = "", *, signed: bool = False) -> str:
    """`1 post`, `2 posts`, `0 entries`. `many` is the plural, if it is not `one` with an s.
    `signed` shows the plus sign too."""
    number = f"{count:+d}" if signed else str(count)
    return f"{number} {one if abs(count) == 1 else many or f'{one}s'}"


def shortened(text: str, longest: int) -> str:
    """A text of at most `longest` characters; a text that is cut ends with three dots."""
    return text if len(text) <= longest else text[:longest - 3].rstrip() + "..."


def in_credits(amount: int) -> str:
    return counted(amount, "credit")
