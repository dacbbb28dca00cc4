"""Ed25519 keys. A private key is PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
A public key is PEM, or base64 of its 32 bytes on one line.

A key's id is the SHA-256 of the raw public key. Functions import `cryptography` themselves, because
most commands use no key.
"""
import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platform import called
from platform.errors import ConflictError, ForbiddenError, InputError, StorageError, UsageError
from platform.model.digest import sha256_hex

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")
_LARGEST = 10_000  # bytes to read from a key's file


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; `raw` is 32 bytes."""

    raw: bytes

    @property
    def keyid(self) -> str:
        return sha256_hex(self.raw)

    def __str__(self) -> str:
        return base64.b64encode(self.raw).decode()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's signature of exactly this message."""
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
        """The signature, 64 bytes. It is deterministic."""
        return self._private.sign(message)


def private_key(pem: str, place: str) -> SigningKey:
    """The private key in a PEM text; messages name `place`. Raises InputError, which never shows
    the text, if it is not a key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError([f"{place}: is not an Ed25519 private key in PEM without a password; "
                          f"create one with `{called.command('ledger keygen FILE')}`"])
    return SigningKey(key)


def private_key_file(path: Path) -> SigningKey:
    """The private key in a file that only its owner can read. Raises ForbiddenError if others can
    read it, UsageError if the file does not exist, StorageError if it cannot be read."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[:_LARGEST].decode("ascii", "replace")
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such key; create one with `{called.command('ledger keygen FILE')}`"
        ) from None
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); name a file with a key"
        ) from error
    if mode & 0o077:
        raise ForbiddenError(f"{path}: other users can read this private key; `chmod 600` it, or "
                             "create a new one")
    return private_key(text, str(path))


def public_key(text: str, folder: Path = Path()) -> PublicKey:
    """The public key from base64, or from a file relative to `folder`. Raises UsageError if the
    file cannot be read, InputError if it does not contain a key."""
    if _BASE64.fullmatch(text.strip()):
        return PublicKey(_raw(text.strip(), "the public key"))
    path = folder / text
    try:
        found = path.read_bytes()[:_LARGEST].decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"{text!r} is not a public key: neither 44 characters of base64 nor a "
                         f"readable file ({error.strerror})") from None
    return PublicKey(_raw(found, text) if _BASE64.fullmatch(found) else _raw_of_pem(found, text))


def generate(path: Path) -> PublicKey:
    """Write a new private key durably, readable only by its owner, and return its public key.
    Raises ConflictError if the file exists, because an overwritten key is lost; StorageError if the
    disk fails."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConflictError(
            f"{path}: already exists and was not changed; name another file"
        ) from None
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from error
    return SigningKey(key).public


def _raw(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:  # pragma: no cover - callers check the form
        raise InputError(
            [f"{place}: is not base64; write the key as `ledger keygen` printed it"]
        ) from None


def _raw_of_pem(text: str, place: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError([f"{place}: does not contain an Ed25519 public key in base64 or PEM; "
                          "write it as `ledger keygen` printed it"])
    return key.public_bytes_raw()
