"""The canonical form, the hash and the short id that every key, chain and address is derived from.

Canonical JSON is UTF-8 with sorted keys, without spaces and NaN, so equal values have equal bytes
on every machine. Ids are Base62 of SHA-256, never random, so the same history gives the same ids.
"""
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec

# device and inode: the same file, by whatever name and in whatever namespace
Identity = tuple[int, int]
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
ID_LENGTH = 20  # 20 Base62 digits hold 119 bits


class _Encoder(json.JSONEncoder):
    """The standard encoder, but it creates its C encoder once and not for each value: a row takes
    half the time."""

    def __init__(self) -> None:
        super().__init__(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
                         check_circular=False)
        make = json.encoder.c_make_encoder  # type: ignore[attr-defined]  # None if not CPython
        self._whole = make and make(
            None, self.default, json.encoder.encode_basestring, None, ":", ",", True, False, False
        )

    def encode(self, value: Any) -> str:
        return "".join(self._whole(value, 0)) if self._whole else super().encode(value)


_ENCODER = _Encoder()
_PLAIN, _PLAIN_ENCODER = (
    frozenset({str, int, bool, type(None)}),
    msgspec.json.Encoder(order="sorted"),
)


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises ValueError for NaN and infinity, TypeError for a
    type that JSON does not have."""
    return _ENCODER.encode(value).encode()


def canonical_objects(many: Sequence[dict[str, Any]]) -> list[bytes]:
    """`canonical_json` of each object.

    If all values are strings, integers, booleans and null, msgspec writes the same bytes in a third
    of the time. It writes floats differently, so those use `canonical_json`."""
    plain = _PLAIN.issuperset({type(value) for fields in many for value in fields.values()})
    return [_PLAIN_ENCODER.encode(fields) if plain or _PLAIN.issuperset(map(type, fields.values()))
            else canonical_json(fields) for fields in many]


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(text: str) -> bytes:
    """SHA-256 of a text in UTF-8, as 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value's canonical bytes, as 64 hexadecimal digits."""
    return sha256_hex(canonical_json(value))


def base62(number: int, length: int) -> str:
    """The last `length` (at most 20) Base62 digits of a number, most significant first."""
    # Unrolled because every row has an id. Four digits fit one digit of Python's integers.
    rest, e = divmod(number % 62**20, 62**4)
    rest, d = divmod(rest, 62**4)
    rest, c = divmod(rest, 62**4)
    a, b = divmod(rest, 62**4)
    digits = (
        f"{_PAIRS[a // 3844]}{_PAIRS[a % 3844]}{_PAIRS[b // 3844]}{_PAIRS[b % 3844]}"
        f"{_PAIRS[c // 3844]}{_PAIRS[c % 3844]}{_PAIRS[d // 3844]}{_PAIRS[d % 3844]}"
        f"{_PAIRS[e // 3844]}{_PAIRS[e % 3844]}"
    )
    return digits[-length:]


def derived_id(key: str) -> str:
    """The id of a row or run, derived from its idempotency key: 20 Base62 characters."""
    return id_of(digest(key))


def id_of(digest: bytes) -> str:
    """As `derived_id`, from the key's digest."""
    return base62(int.from_bytes(digest), ID_LENGTH)
