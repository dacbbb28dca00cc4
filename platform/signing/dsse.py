"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, version 1): a payload, its type and
their signatures. Pure.

A signature covers `DSSEv1 <len> <type> <len> <payload>`, so it is not valid for another type of
payload. The envelope contains the signed bytes, so nothing depends on how JSON is written.
"""
import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from platform.errors import CorruptError
from platform.signing.keys import PublicKey, SigningKey


class BadSignature(CorruptError):
    """An envelope without a valid signature. The message has no place; the code that read the file
    adds it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """`keyid` is not signed: it is a hint about which key to try, and proves nothing."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its type and signatures. `payload_type` is a media type or a URI. An envelope
    without signatures can be stored, but not verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The envelope with the field names of the DSSE protocol."""
        return {
            "payload": _encoded(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": one.keyid, "sig": _encoded(one.sig)} for one in self.signatures
            ],
        }

    def as_bytes(self) -> bytes:
        """The bytes of the envelope's file; equal for equal envelopes."""
        return json.dumps(self.as_json(), indent=1).encode() + b"\n"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding, which is what a key signs. Lengths are in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, key: SigningKey | None) -> Envelope:
    """The signed envelope of a payload; unsigned if there is no key."""
    if key is None:
        return Envelope(payload_type, payload)
    return Envelope(
        payload_type, payload, (Signature(key.public.keyid, key.sign(pae(payload_type, payload))),)
    )


def verify(envelope: Envelope, key: PublicKey, payload_type: str) -> bytes:
    """The payload, if it has the type `payload_type` and a valid signature of `key`. Raises
    BadSignature otherwise. Do not use any part of an envelope before this check."""
    if envelope.payload_type != payload_type:
        raise BadSignature(f"contains {envelope.payload_type!r}, not {payload_type!r}")
    if not envelope.signatures:
        raise BadSignature("is not signed")
    message = pae(payload_type, envelope.payload)
    if not any(
        key.verifies(one.sig, message)
        for one in envelope.signatures
        if one.keyid in ("", key.keyid)
    ):
        signers = ", ".join(one.keyid[:12] or "no key id" for one in envelope.signatures)
        raise BadSignature(f"is not signed by the key {key.keyid[:12]} (it names {signers})")
    return envelope.payload


def parse(value: Any) -> Envelope:
    """The envelope of a JSON value. Raises ValueError with the reason if it is not an envelope."""
    try:
        signatures = tuple(
            Signature(str(one.get("keyid", "")), _decoded(one["sig"]))
            for one in value["signatures"]
        )
        if not isinstance(value["payloadType"], str):
            raise ValueError("`payloadType` is not a string")
        return Envelope(value["payloadType"], _decoded(value["payload"]), signatures)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("is not a DSSE envelope: it needs `payload`, `payloadType`, and "
                         "`signatures` with `sig`") from error


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """The bytes of base64 in either alphabet, because the protocol also allows the URL alphabet."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")).encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("is not a DSSE envelope (a field is not base64)") from error
