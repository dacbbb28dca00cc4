"""Whether a profile shares its billing state, and where. A store is opened only if it is needed."""
from collections.abc import Mapping
from pathlib import Path

from platform.errors import ForbiddenError
from platform.model.profile import Profile
from platform.releases.open import open_store
from platform.state.chain import Pinned
from platform.state.remote import Release


def open_release(profile: Profile, root: Path, env: Mapping[str, str]) -> Release | str:
    """The release of the profile's billing state, or a text that says why the state is not shared.

    ForbiddenError if the profile requires a release and its store cannot be opened.
    """
    if profile.billing_state_release == "none":
        return "the profile sets billing_state.release to none"
    settings = profile.release_store
    missing = _missing_setting(settings, env)
    store = None if missing else open_store(settings, root, env)
    if store is not None:
        pin = profile.billing_state_trusted_head
        return Release(store, settings.get("tag_prefix", ""), profile.billing_state_expires_days,
                       pinned=Pinned(**pin) if pin else None)
    why = missing or "the release store cannot be opened"
    if profile.billing_state_release == "required":
        raise ForbiddenError(f"{profile.source.file or 'the profile'}: billing_state.release is "
                             f"required, but {why}")
    return why


def _missing_setting(settings: Mapping[str, object], env: Mapping[str, str]) -> str:
    """What the store needs and does not have, or an empty string."""
    kind, token = settings.get("type", "none"), str(settings.get("token_env", "GITHUB_TOKEN"))
    if kind == "none":
        return "the profile sets release_store.type to none"
    if kind == "folder" and not settings.get("dir"):
        return "release_store has no dir"
    return f"{token} is not set" if kind == "github" and not env.get(token) else ""
