"""The contents of a mail as values. `mime` writes them, and `read_back` must find them again."""
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """Addresses are in their wire form. Texts are exactly those that a reader must see.

    `headers` are the headers after From and To, in order. Each line of `text` ends with LF.
    """

    sender: str
    sender_name: str
    recipient: str
    headers: tuple[tuple[str, str], ...]
    text: str
    attachment_name: str
    attachment: bytes
    boundary: str
