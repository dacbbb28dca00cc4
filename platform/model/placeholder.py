"""The placeholder that `new` writes where a person must write, and that a check recognises."""

FILL_IN = "FILL IN"
FILL_IN_FILE = "FILL_IN"  # in the place of a file name


def is_placeholder(text: str) -> bool:
    """Whether a text is still a placeholder: the mark alone, or the mark before a description."""
    return text.strip() in (FILL_IN, FILL_IN_FILE) or text.strip().startswith(f"{FILL_IN} ")
