"""Check a written mail with parsers that did not write it. They must find every header, the text
and the attachment, and nothing else.

Three readers must agree: the check of the raw lines in this file, and two header parsers of the
standard library that share no code for values (`decode_header`, and `email.policy.default`).
"""
import re
from collections.abc import Iterator, Sequence
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.utils import parseaddr

from platform.delivery.letter import Letter

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_LONGEST_LINE = 998 + len(b"\r")


def difference(data: bytes, letter: Letter, names: Sequence[str]) -> str:
    """The first difference between `data` and `letter`, in words; empty if they agree. `names`
    are the letter's headers in order."""
    return next(_differences(data, letter, names), "")


def _differences(data: bytes, letter: Letter, names: Sequence[str]) -> Iterator[str]:
    head, _, _ = data.partition(b"\r\n\r\n")
    if not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n") or b"\0" in data:
        yield "it has a line break that is not CRLF, or a NUL"
    if max(map(len, data.split(b"\n"))) > _LONGEST_LINE:
        yield "it has a line of more than 998 octets"
    if [
        line.partition(b":")[0].decode("ascii", "replace")
        for line in _FOLD.sub(b"", head).split(b"\r\n")
    ] != [*names]:
        yield "its headers are not the ones that were written"
    whole = BytesParser(policy=policy.compat32).parsebytes(data)
    if [*whole.keys()] != [*names]:
        yield "a parser finds other headers"
        return
    wanted = [("From", letter.sender_name, letter.sender), ("To", "", letter.recipient)]
    yield from _legacy_headers(whole, letter, wanted)
    yield from _modern_headers(head.decode(), letter, wanted, names)
    yield from _parts(whole, letter)


Wanted = list[tuple[str, str, str]]  # header, display name, address


def _legacy_headers(message: Message, letter: Letter, wanted: Wanted) -> Iterator[str]:
    raw = _raw(message)
    for header, name, address in wanted:
        found_name, found = parseaddr(raw[header])
        if (_decoded(found_name), found) != (name, address):
            yield f"{header} reads back as another address"
    for header, text in letter.headers:
        if _decoded(raw[header]) != text:
            yield f"{header} reads back as another text"


def _modern_headers(
    head: str, letter: Letter, wanted: Wanted, names: Sequence[str]
) -> Iterator[str]:
    message = HeaderParser(policy=policy.default).parsestr(head + "\r\n\r\n")
    if [*message.keys()] != [*names]:
        yield "another parser finds other headers"
        return
    for header, _, address in wanted:
        if [found.addr_spec for found in message[header].addresses] != [address]:
            yield f"{header} reads back as other addresses"
    for header, text in letter.headers:
        if header != "Message-ID" and str(message[header]) != text:
            yield f"{header} reads back as another text"


def _parts(whole: Message, letter: Letter) -> Iterator[str]:
    if whole.defects or whole.get_content_type() != "multipart/mixed" or not whole.is_multipart():
        yield "it is not a mail of several parts"
        return
    _, *parts = whole.walk()
    kinds = [(part.get_content_type(), part.get_filename()) for part in parts]
    if (
        kinds != [("text/plain", None), ("application/zip", letter.attachment_name)]
        or whole.preamble
        or whole.epilogue
    ):
        yield "its parts are not one text and one attachment"
        return
    text, attachment = (part.get_payload(decode=True) for part in parts)
    if (
        any(part.defects for part in parts)
        or not isinstance(text, bytes)
        or _lines(text) != letter.text
    ):
        yield "its text reads back as another"
    if attachment != letter.attachment:
        yield "its attachment reads back as other bytes"


def _raw(message: Message) -> dict[str, str]:
    """Header to value, in one line. If the parser kept the octets of non-ASCII letters, they are
    decoded."""
    return {
        name: str(value)
        .replace("\r\n ", " ")
        .encode("utf-8", "surrogateescape")
        .decode("utf-8", "replace")
        for name, value in message.raw_items()
    }


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def _lines(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n")
