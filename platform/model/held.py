"""Why a step waits for a person's decision."""
from typing import NamedTuple


class Held(NamedTuple):
    """A step on hold. `reason` is a slug; `words` say what to do.

    `runs`: the step runs anyway, because its provider may answer now. `is_bought`: the step is
    paid, or is charged as usual. `below`: the step waits only because of another step."""

    reason: str
    words: str
    runs: bool = False
    is_bought: bool = False
    below: bool = False
