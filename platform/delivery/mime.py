"""The bytes of a mail: headers, one text and one attachment, in a plain form that all mail programs
read in the same way.

A header value is written unchanged if it consists of short ASCII words with single spaces between
them. Any other value is written in encoded words (RFC 2047, UTF-8, base64). So text that looks
like an encoded word stays text, and folding loses no space. The standard library does not
guarantee this: `email.policy` drops spaces between words of two kinds, and decodes encoded words
in its input. `delivery/read_back.py` reads each written mail back.
"""
import re
from base64 import encodebytes
from collections.abc import Iterator, Sequence
from email.base64mime import header_encode

from platform.delivery.letter import Letter
from platform.model.characters import refused_in

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_PLAIN_NAME = re.compile(
    r"[0-9A-Za-z]+(?: [0-9A-Za-z]+)*"
)  # words that need no quotes before an address
_LONGEST_PLAIN = 60  # characters: with any header's name, one line
_LINE = 76  # characters: the longest line with an encoded word
_OVERHEAD = len("=?utf-8?b??=")
_LONGEST_LINE = 998  # octets: of any line in a mail


def written(letter: Letter) -> bytes:
    """The whole mail, with CRLF line breaks. ASCII, except for addresses that need SMTPUTF8."""
    boundary = letter.boundary
    parts = [
        _text_part(letter.text, boundary),
        _attachment(letter.attachment_name, letter.attachment),
    ]
    head = [
        *_headers(letter),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        "",
    ]
    opening, closing = f"--{boundary}\r\n".encode("ascii"), f"--{boundary}--\r\n".encode("ascii")
    return (
        "\r\n".join(head).encode() + b"".join(opening + part + b"\r\n" for part in parts) + closing
    )


def _headers(letter: Letter) -> Iterator[str]:
    sender = _named(letter.sender_name) + (
        f"<{letter.sender}>" if letter.sender_name else letter.sender
    )
    yield f"From: {sender}"
    yield f"To: {letter.recipient}"
    yield from (f"{name}: {_value(name, text)}" for name, text in letter.headers)


def _value(name: str, text: str) -> str:
    if len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return encoded(text, len(f"{name}: "))


def _named(name: str) -> str:
    if not name:
        return ""
    if len(name) <= _LONGEST_PLAIN and _PLAIN_NAME.fullmatch(name):
        return f"{name} "
    return encoded(name, len("From: ")) + "\r\n "


def encoded(text: str, before: int) -> str:
    """Text in encoded words, one per line, without splitting a character. The first line already
    has `before` characters."""
    return "\r\n ".join(header_encode(chunk, "utf-8") for chunk in _chunks(text, before))


def _chunks(text: str, before: int) -> Iterator[bytes]:
    capacity, chunk = _capacity(before), b""
    for character in text:
        octets = character.encode()
        if len(chunk) + len(octets) > capacity:
            yield chunk
            capacity, chunk = _capacity(1), b""
        chunk += octets
    yield chunk


def _capacity(before: int) -> int:
    """The number of octets that an encoded word can hold in a line with `before` characters."""
    return (_LINE - before - _OVERHEAD) // 4 * 3


def _text_part(text: str, boundary: str) -> bytes:
    content = text.replace("\n", "\r\n").encode()
    plain = _is_plain(text, boundary)
    body = content if plain else _base64(content)
    head = ["Content-Type: text/plain; charset=utf-8",
            f"Content-Transfer-Encoding: {'7bit' if plain else 'base64'}", "", ""]
    return "\r\n".join(head).encode("ascii") + body


def _is_plain(text: str, boundary: str) -> bool:
    """Whether no server has a reason to change these lines, and no reader to split them."""
    lines = text.split("\n")
    return (
        text.isascii()
        and boundary not in text
        and all(
            len(line) <= _LONGEST_LINE
            and not refused_in(line)
            and not line.startswith("From ")
            and line == line.rstrip()
            for line in lines
        )
    )


def _attachment(name: str, data: bytes) -> bytes:
    head = ["Content-Type: application/zip", "Content-Transfer-Encoding: base64",
            f'Content-Disposition: attachment; filename="{name}"', "", ""]
    return "\r\n".join(head).encode("ascii") + _base64(data)


def _base64(data: bytes) -> bytes:
    return encodebytes(data).replace(b"\n", b"\r\n")


def header_names(letter: Letter) -> Sequence[str]:
    """The headers of a mail, in order."""
    return ["From", "To", *(name for name, _ in letter.headers), "MIME-Version", "Content-Type"]
