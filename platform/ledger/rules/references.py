"""Which post has the same reference as another, in whatever form it was written. Pure.

A key contains the digest of a normalised reference (model/reference.py). Earlier versions digested
the text as it was typed. A key also cannot show that two references differ only in case.
"""
from collections.abc import Iterable

from msgspec.structs import replace

from platform.errors import ConflictError
from platform.model.digest import derived_id
from platform.model.entry import ADJUSTMENT, TRANSFER, Post, sides
from platform.model.reference import folded, normalised

_CORRECTIONS = (ADJUSTMENT, TRANSFER)


def as_posted(post: Post, same: Post) -> Post:
    """`post` with the key and the reference under which an earlier version posted it."""
    metadata = {**post.metadata, "reference": same.metadata.get("reference")}
    return replace(post, key=same.key, metadata=metadata)


def earlier(posts: Iterable[Post], post: Post) -> Post | None:
    """The first of `posts` with the reference of `post`, in whatever form; None when no post has
    it. All are of the kinds of `kinds_with`. ConflictError when one differs only in case, or when
    a correction of another kind or by another tenant used the reference for a tenant of `post`."""
    place, text = _namespace(post), str(post.metadata["reference"])
    found: Post | None = None
    used: Post | None = None
    tenants = {side.tenant_id for side in sides(post)}
    for other in posts:
        if other.kind == post.kind and _namespace(other) == place:
            known = str(other.metadata.get("reference", ""))
            if normalised(known) == normalised(text):
                found = found or other
            elif folded(known) == folded(text):
                raise ConflictError(differs_in_case("reference", text, known, other))
        elif post.kind in _CORRECTIONS and tenants & {side.tenant_id for side in sides(other)} and (
                folded(str(other.metadata.get("reference", ""))) == folded(text)):
            used = used or other
    if used and not found:
        raise ConflictError(
            f"reference {text!r} is that of the {used.kind} {derived_id(used.key)}; "
            "nothing was posted, use another reference for another post"
        )
    return found


def kinds_with(post: Post) -> tuple[str, ...]:
    """The kinds of posts that share references with `post`: adjustments and transfers do."""
    return _CORRECTIONS if post.kind in _CORRECTIONS else (post.kind,)


def differs_in_case(what: str, text: str, earlier: str, other: Post) -> str:
    """The message about two names that differ only in case. `what` is what they name."""
    return (f"{what} {text!r} differs only in case from {earlier!r} of transaction "
            f"{derived_id(other.key)}; nothing was posted: write it as it was, or another one")


def _namespace(post: Post) -> tuple[str, str]:
    """The scope in which a reference is unique: a tenant, and for top-ups its method."""
    return post.tenant_id, str(post.metadata.get("topup_method_id", ""))
