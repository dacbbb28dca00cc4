"""The keys that a runtime profile names: `signing: {key_env, key_file, public_key}`.

The profile itself contains no private key.
"""
from collections.abc import Mapping
from pathlib import Path

from platform.errors import ForbiddenError
from platform.signing.keys import PublicKey, SigningKey, private_key, private_key_file, public_key


def open_signer(
    settings: Mapping[str, str], root: Path, env: Mapping[str, str]
) -> SigningKey | None:
    """The private key from the environment variable that the profile names, otherwise from its
    file, relative to `root`; None if there is neither. Raises ForbiddenError if it does not match
    the profile's public key."""
    name, file = settings.get("key_env", ""), settings.get("key_file", "")
    if name and env.get(name):
        key, place = private_key(env[name], name), name
    elif file:
        key, place = private_key_file(root / file), file
    else:
        return None
    published = known_key(settings, root)
    if published is not None and published != key.public:
        raise ForbiddenError(
            f"{place}: is the key {key.public.keyid[:12]}, but the profile's "
            f"public_key is {published.keyid[:12]}, so nothing was signed; use the "
            "matching key"
        )
    return key


def known_key(settings: Mapping[str, str], root: Path) -> PublicKey | None:
    """The public key that the profile names; verifiers also have it from another source."""
    text = settings.get("public_key", "")
    return public_key(text, root) if text else None
