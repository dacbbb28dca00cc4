"""What was published for a tenant, as its evidence says, and who may read it. Pure."""
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
    """A tenant reads its own releases, and those of tenants that allow it to; nobody else's."""
    return reader_id == owner.tenant_id or reader_id in owner.allow_release_consumers


def published(posts: Iterable[tuple[str, Post]], tenant_id: str, work_order_id: str = "") -> tuple[Evidence, ...]:
    """A tenant's packages that are in a release, in the order they were published; simulations are in none."""
    known = [(at, post) for at, post in posts if post.tenant_id == tenant_id]
    purchases = {evidence_key(each.item_key, simulated=False): each for each in bought(known).values()}
    return tuple(_evidence(purchases[post.key], post, at) for at, post in known
                 if post.kind == "publish" and post.key in purchases and work_order_id in ("", post.work_order_id))


def _evidence(purchase: Purchase, post: Post, at: str) -> Evidence:
    told = post.metadata
    return Evidence(purchase, str(told["artifact_name"]), str(told["sha256"]), int(told["bytes"]), str(told["uri"]), at)
