"""Why a step waits for a person's decision."""
from typing import NamedTuple


class Held(NamedTuple):
    """`reason` is a slug, `words` what to do. `runs`: the step is run all the same, for its provider may answer now.
    `is_bought`: what it costs stands paid, or is charged as usual. `below`: only because of another step."""

    reason: str
    words: str
    runs: bool = False
    is_bought: bool = False
    below: bool = False
