"""What a scaffold writes where a person has to write: known again by the check that finds it still there."""

FILL_IN = "FILL IN"
FILL_IN_FILE = "FILL_IN"  # where a name of a file is due


def is_placeholder(text: str) -> bool:
    """Whether nobody has filled it in: the mark alone, or the mark before what is asked for."""
    return text.strip() in (FILL_IN, FILL_IN_FILE) or text.strip().startswith(f"{FILL_IN} ")
