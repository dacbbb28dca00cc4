"""A mail address and its form on the wire. Pure.

Accepted: `local@domain` of RFC 5321 and 6531, without quotes, comments, groups, routes or address
literals. The local part is up to 64 octets of atoms separated by single dots. It may contain
non-ASCII letters, but then the mail server must support SMTPUTF8. A domain is a host name (letters,
digits, hyphens) of one label or more. A domain in another script is encoded as A-labels (IDNA 2008
with UTS 46), which every server supports.

Refused: a dot at the end, a last label of digits only (`a@127.0.0.1`), more than 254 octets, and a
local part with `=?`, which mail programs decode.
"""
import re
import unicodedata
from typing import NamedTuple

from platform.model.characters import name_of

LONGEST_LOCAL = 64  # octets
LONGEST = 254  # octets

_ATOM_ASCII = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-/=?^_`{|}~"
)
_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")


class Address(NamedTuple):
    """An address in its form on the wire; `domain` is ASCII."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local_part.isascii()


def read_address(text: str) -> Address:
    """Parse an address. Raises ValueError with the reason if `text` is not an address."""
    local_part, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("has no @")
    _check_local_part(local_part)
    address = Address(local_part, _ascii_domain(domain))
    if len(str(address).encode()) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} octets")
    return address


def address_fault(text: str) -> str:
    """What is wrong with an address, as a clause that follows `it`; empty if nothing is wrong."""
    try:
        read_address(text)
    except ValueError as error:
        return str(error)
    return ""


def _check_local_part(local_part: str) -> None:
    if not all(local_part.split(".")):
        raise ValueError("has nothing before the @, or a misplaced or repeated dot before the @")
    wrong = next(
        (character for character in local_part if character != "." and not _in_atom(character)), ""
    )
    if wrong:
        raise ValueError(f"has {name_of(wrong)} before the @")
    if "=?" in local_part:
        raise ValueError("has =? before the @, which mail programs read as encoded text")
    if len(local_part.encode()) > LONGEST_LOCAL:
        raise ValueError(f"has more than {LONGEST_LOCAL} octets before the @")


def _in_atom(character: str) -> bool:
    """Non-ASCII atoms may contain letters, marks, digits, punctuation and symbols, but no spaces
    and no invisible characters."""
    return (
        character in _ATOM_ASCII
        if character.isascii()
        else unicodedata.category(character)[0] in "LMNPS"
    )


def _ascii_domain(domain: str) -> str:
    """A domain as A-labels. Raises ValueError if it is not a domain."""
    written = domain
    if not domain.isascii() or "xn--" in domain.lower():
        import idna  # its tables are large, so import them only for such a domain

        try:
            written = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"has a domain that is not a valid host name ({error})") from error
    if len(written) > LONGEST or _DOMAIN.fullmatch(written) is None:
        raise ValueError("has a domain that is not letters, digits and hyphens separated by dots")
    if written.rpartition(".")[2].isdigit():
        raise ValueError(
            "has a number at the end of its domain; write the server's name, not its IP address"
        )
    return written
