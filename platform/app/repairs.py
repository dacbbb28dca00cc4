"""Whether a delivery that arrived would go out again: another package, or another place. Pure."""
from collections.abc import Mapping
from typing import Any

from platform.ledger.rules.attempts import Past
from platform.model.digest import digest_of
from platform.model.run import RunRecord, Status
from platform.run.delivery_settings import Blocks, as_before

SETTLE = "python -m platform.cli delivery settle {} --arrived|--resend|--refund --note TEXT"


def packages(went_in: Mapping[str, Any]) -> frozenset[str]:
    """The SHA-256 of every file that goes in."""
    bindings = went_in.get("bindings", {}).values()
    return frozenset(str(bound["sha256"]) for bound in bindings if isinstance(bound, Mapping) and "sha256" in bound)


def about(went_in: Mapping[str, Any]) -> str:
    """What names a repair in a decision: what would be sent, and by which settings."""
    return digest_of([sorted(packages(went_in)), went_in.get("delivery", {})])[:16]


def subject_of(past: Past, went_in: Mapping[str, Any], blocks: Blocks) -> str:
    """What names this repair in the ledger. A decision that an earlier version posted names it by every block of the
    profile's `delivery`, not by the provider's own (`delivery_settings`), and stays in force."""
    earlier = about(as_before(went_in, blocks))
    return earlier if past.decided(earlier) else about(went_in)


def is_same(past: Past, went_in: Mapping[str, Any], last: RunRecord | None) -> bool:
    """Whether a receipt says that this very package went to where it would go now."""
    return any(str(receipt.get("sha256", "")) in packages(went_in) and not _moved(receipt, past, went_in, last)
               for receipt in past.receipts)


def is_lost(last: RunRecord | None) -> bool:
    """Whether no record here says what was delivered: then what is made anew is not asked for anew."""
    return last is None or last.status not in (Status.COMPLETED, Status.SKIPPED)


def _moved(receipt: Mapping[str, Any], past: Past, went_in: Mapping[str, Any], last: RunRecord | None) -> bool:
    """Whether the profile names another place for the receipt's provider than when it was written. Where neither claim
    nor record tells, it is taken for the same."""
    provider = str(receipt.get("provider", ""))
    now = went_in.get("delivery", {}).get(provider, {})
    if provider == "email" and not receipt.get("recorded") and now.get("transport") == "smtp":
        return False  # a mail that arrived is not undone by another server
    if past.settings is not None:
        return past.settings.get(provider) != digest_of(dict(now))
    then = (last.inputs.get("delivery") if last else None) or {}
    return bool(then) and then.get(provider, {}) != now
