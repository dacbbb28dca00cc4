"""Whether a profile's billing state is shared, and where. It opens nothing that is not asked for."""
from collections.abc import Mapping
from pathlib import Path

from platform.errors import ForbiddenError
from platform.model.profile import Profile
from platform.releases.open import open_store
from platform.state.chain import Pinned
from platform.state.remote import Release


def open_release(profile: Profile, root: Path, env: Mapping[str, str]) -> Release | str:
    """The release of the profile's own billing state, or in words why it stays offline. ForbiddenError when the profile
    requires one and its store cannot be opened."""
    if profile.billing_state_release == "none":
        return "billing_state.release is none in the profile"
    settings = profile.release_store
    lacking = _lacking(settings, env)
    store = None if lacking else open_store(settings, root, env)
    if store is not None:
        pin = profile.billing_state_trusted_head
        return Release(store, settings.get("tag_prefix", ""), profile.billing_state_expires_days,
                       pinned=Pinned(**pin) if pin else None)
    why = lacking or "the release store cannot be opened"
    if profile.billing_state_release == "required":
        raise ForbiddenError(f"{profile.source.file or 'the profile'}: billing_state.release is required, and {why}")
    return why


def _lacking(settings: Mapping[str, object], env: Mapping[str, str]) -> str:
    """What the store needs and does not have, or nothing."""
    kind, token = settings.get("type", "none"), str(settings.get("token_env", "GITHUB_TOKEN"))
    if kind == "none":
        return "release_store.type is none"
    if kind == "folder" and not settings.get("dir"):
        return "release_store has no dir"
    return f"the environment has no {token}" if kind == "github" and not env.get(token) else ""
