"""What is known of one error code: its cause and its fix."""
from typing import NamedTuple


class Code(NamedTuple):
    cause: str
    fix: str
