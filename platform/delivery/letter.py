"""What a mail says, as values: what `mime` writes and `read_back` has to find in what was
written."""
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """Addresses are in their wire form; texts are exactly what a reader has to see.

    `headers` are those after From and To, in order. `text` has lines divided by LF and ends with
    one.
    """

    sender: str
    sender_name: str
    recipient: str
    headers: tuple[tuple[str, str], ...]
    text: str
    attachment_name: str
    attachment: bytes
    boundary: str
