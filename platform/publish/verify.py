"""Whether a package matches its statement. It reads only the two files, no ledger and no store."""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from platform.config.document import read_json
from platform.errors import CorruptError, StorageError, UsageError
from platform.files import sha256_file
from platform.model.problem import Problem
from platform.publish.statement import PAYLOAD_TYPE, claims_of
from platform.signing import dsse
from platform.signing.keys import PublicKey

_LARGEST = 16 << 20  # the largest size of a statement, in bytes
_CURE = "download the package and its statement from the release again"


class Signed(StrEnum):
    """What is known about the signature. UNCHECKED: it exists, but no key was given to check it."""

    VERIFIED = "verified"
    UNCHECKED = "unchecked"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that matches its statement.

    `claims` are those of `claims_of`; `keyids` are the keys named in the signatures.
    """

    claims: Mapping[str, Any]
    signed: Signed
    keyids: tuple[str, ...]


def verify_artifact(package: Path, statement: Path, key: PublicKey | None) -> Verified:
    """Verify a package.

    CorruptError (13) if the package's bytes do not match the statement, if the file is not a
    statement, or if a key is given that did not sign it. UsageError if a file is missing.
    """
    try:
        if statement.stat().st_size > _LARGEST:
            raise CorruptError(f"{statement}: is too large for a statement; "
                               "name the .intoto.json file")
        data, sha256 = statement.read_bytes(), sha256_file(package)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"{error.filename}: the file does not exist; "
                         "name a package and its .intoto.json") from error
    except OSError as error:
        raise StorageError(f"{error.filename}: cannot be read ({error.strerror})") from error
    value = read_json(data, str(statement), _CURE, _LARGEST)
    if isinstance(value, Problem):
        raise CorruptError(str(value))
    try:
        envelope = dsse.parse(value)
        if key is not None:
            dsse.verify(envelope, key, PAYLOAD_TYPE)
        claims = claims_of(envelope)
    except (ValueError, dsse.BadSignature) as error:
        raise CorruptError(f"{statement}: {error}; {_CURE}") from error
    if claims["package_sha256"] != sha256:
        raise CorruptError(
            f"{package}: has the sha256 {sha256}, but its statement is about "
            f"{claims['package_sha256']}; download the package from the release again")
    signed = (
        Signed.VERIFIED if key else Signed.UNCHECKED if envelope.signatures else Signed.UNSIGNED
    )
    return Verified(claims, signed, tuple(one.keyid for one in envelope.signatures))
