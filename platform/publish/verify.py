"""Whether a package is the one that its statement is about, by the two files alone: no ledger, no release store."""
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

_LARGEST = 16 << 20  # bytes that are read of a file that should be a statement
_CURE = "take the package and its statement from the release again"


class Signed(StrEnum):
    """What is known of who says so. UNCHECKED: somebody signed, and nobody said which key to trust."""

    VERIFIED = "verified"
    UNCHECKED = "unchecked"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that is what its statement says; `claims` as `claims_of` has them, `keyids` who is named as signer."""

    claims: Mapping[str, Any]
    signed: Signed
    keyids: tuple[str, ...]


def verify(package: Path, told: Path, key: PublicKey | None) -> Verified:
    """CorruptError (13) when the package has other bytes than the statement says, when the statement is none, or when a
    key is given and has not signed it; UsageError for a file that is not there."""
    try:
        if told.stat().st_size > _LARGEST:
            raise CorruptError(f"{told}: is too large for a statement; name the .intoto.json file")
        data, sha256 = told.read_bytes(), sha256_file(package)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"{error.filename}: no such file; name a package and its .intoto.json") from error
    except OSError as error:
        raise StorageError(f"{error.filename}: cannot be read ({error.strerror})") from error
    value = read_json(data, str(told), _CURE, _LARGEST)
    if isinstance(value, Problem):
        raise CorruptError(str(value))
    try:
        envelope = dsse.parse(value)
        if key is not None:
            dsse.verify(envelope, key, PAYLOAD_TYPE)
        claims = claims_of(envelope)
    except (ValueError, dsse.BadSignature) as error:
        raise CorruptError(f"{told}: {error}; {_CURE}") from error
    if claims["package_sha256"] != sha256:
        raise CorruptError(f"{package}: has the sha256 {sha256}, its statement is about {claims['package_sha256']}; "
                           "take the package from the release again")
    signed = Signed.VERIFIED if key else Signed.UNCHECKED if envelope.signatures else Signed.UNSIGNED
    return Verified(claims, signed, tuple(one.keyid for one in envelope.signatures))
