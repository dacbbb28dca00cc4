"""The keys that a runtime profile names: `signing: {key_env, key_file, public_key}`. It has no key in itself."""
from collections.abc import Mapping
from pathlib import Path

from platform.errors import ForbiddenError
from platform.signing.keys import PublicKey, SigningKey, private_key, private_key_file, public_key


def open_signer(settings: Mapping[str, str], root: Path, env: Mapping[str, str]) -> SigningKey | None:
    """The private key from the environment variable that the profile names, else from the file, relative to `root`;
    None when there is neither. ForbiddenError when it is not the key that the profile publishes."""
    name, file = settings.get("key_env", ""), settings.get("key_file", "")
    if name and env.get(name):
        key, place = private_key(env[name], name), name
    elif file:
        key, place = private_key_file(root / file), file
    else:
        return None
    told = known_key(settings, root)
    if told is not None and told != key.public:
        raise ForbiddenError(f"{place}: is the key {key.public.keyid[:12]}, the profile's public_key is "
                             f"{told.keyid[:12]}; nothing was signed, put the right one")
    return key


def known_key(settings: Mapping[str, str], root: Path) -> PublicKey | None:
    """The public key that the profile names, which those who check have from elsewhere too."""
    text = settings.get("public_key", "")
    return public_key(text, root) if text else None
