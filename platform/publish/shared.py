"""What was published for a tenant, according to the evidence, and who may read it. Pure."""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.model.entry import Post
from platform.model.tenant import Tenant
from platform.publish.select import Purchase, bought, evidence_key

UNAUTHORIZED = "unauthorized_release_access"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One package in a release. `published_at` is UTC, ISO 8601, with Z."""

    purchase: Purchase
    artifact_name: str
    sha256: str
    bytes: int
    uri: str
    published_at: str


def may_read(owner: Tenant, reader_id: str) -> bool:
    """A tenant may read its own releases, and those of tenants that share them with it."""
    return reader_id == owner.tenant_id or reader_id in owner.allow_release_consumers


def published(
    posts: Iterable[tuple[str, Post]], tenant_id: str, work_order_id: str = ""
) -> tuple[Evidence, ...]:
    """A tenant's published packages, in the order of publication, without simulations."""
    known = [(at, post) for at, post in posts if post.tenant_id == tenant_id]
    purchases = {
        evidence_key(each.item_key, simulated=False): each for each in bought(known).values()
    }
    return tuple(
        _evidence(purchases[post.key], post, at)
        for at, post in known
        if post.kind == "publish"
        and post.key in purchases
        and work_order_id in ("", post.work_order_id)
    )


def _evidence(purchase: Purchase, post: Post, at: str) -> Evidence:
    data = post.metadata
    return Evidence(purchase, str(data["artifact_name"]), str(data["sha256"]), int(data["bytes"]),
                    str(data["uri"]), at)
