"""Ed25519 keys. A private key is PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it; a public key is
base64 of its 32 bytes, on one line, or the same in PEM.

A key's id is the SHA-256 of the raw public key. `cryptography` is imported where a key is used: most commands use none.
"""
import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platform.errors import ConflictError, ForbiddenError, InputError, StorageError, UsageError
from platform.model.digest import sha256_hex

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")
_LARGEST = 10_000  # bytes that are read of a file that should hold a key


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signed; `raw` is 32 bytes."""

    raw: bytes

    @property
    def keyid(self) -> str:
        return sha256_hex(self.raw)

    def __str__(self) -> str:
        return base64.b64encode(self.raw).decode()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the holder of the private key signed exactly this message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; nothing prints it."""

    _private: "Ed25519PrivateKey" = field(repr=False)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same message has the same signature."""
        return self._private.sign(message)


def private_key(pem: str, place: str) -> SigningKey:
    """The key of a PEM text; `place` is where it was found. InputError when it is none, and shows none of it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError([f"{place}: is not an Ed25519 private key in PEM without a password; make one with "
                          "`python -m platform.cli ledger keygen FILE`"])
    return SigningKey(key)


def private_key_file(path: Path) -> SigningKey:
    """The key in a file that only its owner can read; ForbiddenError when others can, UsageError when there is none."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[:_LARGEST].decode("ascii", "replace")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such key; make one with `python -m platform.cli ledger keygen FILE`") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror}); name a file with a key") from error
    if mode & 0o077:
        raise ForbiddenError(f"{path}: others can read this private key; `chmod 600` it, or make a new one")
    return private_key(text, str(path))


def public_key(text: str, folder: Path = Path()) -> PublicKey:
    """The key that base64 says, or the one in a file, relative to `folder`. UsageError when there is no such file,
    InputError when there is no key in it."""
    if _BASE64.fullmatch(text.strip()):
        return PublicKey(_raw(text.strip(), "the public key"))
    path = folder / text
    try:
        found = path.read_bytes()[:_LARGEST].decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"{text!r} is no public key: neither 44 characters of base64 nor a file that can be read "
                         f"({error.strerror})") from None
    return PublicKey(_raw(found, text) if _BASE64.fullmatch(found) else _raw_of_pem(found, text))


def generate(path: Path) -> PublicKey:
    """Write a new private key, readable by its owner alone, durably; its public key. ConflictError when there is a file
    already: a key that is written over can never be had again."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConflictError(f"{path}: is there already and was not touched; name another file") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror}); name another file") from error
    return SigningKey(key).public


def _raw(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:  # pragma: no cover - the form was looked at
        raise InputError([f"{place}: is not base64; write the key as `ledger keygen` printed it"]) from None


def _raw_of_pem(text: str, place: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError([f"{place}: holds no Ed25519 public key, neither base64 nor PEM; write it as `ledger keygen` "
                          "printed it"])
    return key.public_bytes_raw()
