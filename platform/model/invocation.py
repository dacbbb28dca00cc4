"""The id of an invocation, and the length of its texts. Pure."""
# no vowels, so that an id is no word, and no characters that look alike
ALPHABET, ID_LENGTH = "0123456789bcdfghjkmnpqrstvwxz", 8
LONGEST_WORDS = 500  # characters of a message or a command line


def is_id(text: str) -> bool:
    return len(text) == ID_LENGTH and set(text) <= set(ALPHABET)
