"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, version 1): a payload, its type and who signed both.

What is signed is `DSSEv1 <len> <type> <len> <payload>`, so that a signature of one type of payload is none of another.
The payload is kept as the bytes that were signed; nobody has to write JSON the same way twice. Pure.
"""
import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from platform.errors import CorruptError
from platform.signing.keys import PublicKey, SigningKey


class BadSignature(CorruptError):
    """An envelope whose payload nobody vouches for. The message has no place: who read the file knows it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """`keyid` is a hint that nobody signed: it says which key to try, and proves nothing."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """`payload_type` is a media type or a URI. One without signatures is unsigned: it can be kept, never verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the DSSE protocol names the fields."""
        return {"payload": _encoded(self.payload), "payloadType": self.payload_type,
                "signatures": [{"keyid": one.keyid, "sig": _encoded(one.sig)} for one in self.signatures]}

    def as_bytes(self) -> bytes:
        """A file's bytes: the same for equal envelopes."""
        return json.dumps(self.as_json(), indent=1).encode() + b"\n"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what a signature is of. Lengths are in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, key: SigningKey | None) -> Envelope:
    """The envelope of a payload, signed; without a key an unsigned one."""
    if key is None:
        return Envelope(payload_type, payload)
    return Envelope(payload_type, payload, (Signature(key.public.keyid, key.sign(pae(payload_type, payload))),))


def verify(envelope: Envelope, key: PublicKey, payload_type: str) -> bytes:
    """The payload, when it is of the type that was asked for and one of the signatures is this key's. BadSignature
    otherwise: nothing of an envelope may be used before."""
    if envelope.payload_type != payload_type:
        raise BadSignature(f"holds {envelope.payload_type!r}, not {payload_type!r}")
    if not envelope.signatures:
        raise BadSignature("is not signed")
    message = pae(payload_type, envelope.payload)
    if not any(key.verifies(one.sig, message) for one in envelope.signatures if one.keyid in ("", key.keyid)):
        signers = ", ".join(one.keyid[:12] or "somebody" for one in envelope.signatures)
        raise BadSignature(f"is not signed by the key {key.keyid[:12]} (it names {signers})")
    return envelope.payload


def parse(value: Any) -> Envelope:
    """The envelope of a JSON value. ValueError, saying what is wrong, when it is none."""
    try:
        signatures = tuple(Signature(str(one.get("keyid", "")), _decoded(one["sig"])) for one in value["signatures"])
        if not isinstance(value["payloadType"], str):
            raise ValueError("`payloadType` is not text")
        return Envelope(value["payloadType"], _decoded(value["payload"]), signatures)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("is no DSSE envelope: it needs `payload`, `payloadType`, `signatures` of `sig`") from error


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """Of either alphabet: the protocol lets a writer take the one that fits URLs."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")).encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("is not a DSSE envelope (what should be base64 is not)") from error
