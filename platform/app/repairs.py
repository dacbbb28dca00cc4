"""Whether a delivery that arrived would be sent again, because its package or destination changed.

Pure."""
from collections.abc import Mapping
from typing import Any

from platform import called
from platform.ledger.rules.attempts import Past
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.run import RunRecord, Status
from platform.run.delivery_settings import Blocks, as_before


def settling(step_id: StepId) -> str:
    """The command that settles a delivery by a decision."""
    return called.command(f"delivery settle {step_id} --arrived|--resend|--refund --note TEXT")


def packages(went_in: Mapping[str, Any]) -> frozenset[str]:
    """The SHA-256 of every input file."""
    bindings = went_in.get("bindings", {}).values()
    return frozenset(
        str(bound["sha256"])
        for bound in bindings
        if isinstance(bound, Mapping) and "sha256" in bound
    )


def about(went_in: Mapping[str, Any]) -> str:
    """The id of a repair in a decision: a digest of what would be sent, and of the settings."""
    return digest_of([sorted(packages(went_in)), went_in.get("delivery", {})])[:16]


def subject_of(past: Past, went_in: Mapping[str, Any], blocks: Blocks) -> str:
    """The id of this repair in the ledger.

    An earlier version derived the id from all blocks of the profile's `delivery`, not only from the
    provider's block (`delivery_settings`). Its decisions remain in force."""
    earlier = about(as_before(went_in, blocks))
    return earlier if past.decided(earlier) else about(went_in)


def is_same(past: Past, went_in: Mapping[str, Any], last: RunRecord | None) -> bool:
    """Whether a receipt shows that the same package was delivered to the same destination."""
    return any(
        str(receipt.get("sha256", "")) in packages(went_in)
        and not _moved(receipt, past, went_in, last)
        for receipt in past.receipts
    )


def is_lost(last: RunRecord | None) -> bool:
    """Whether no record on this machine says what was delivered. Then a rebuilt package needs no
    new decision."""
    return last is None or last.status not in (Status.COMPLETED, Status.SKIPPED)


def _moved(
    receipt: Mapping[str, Any], past: Past, went_in: Mapping[str, Any], last: RunRecord | None
) -> bool:
    """Whether the profile's destination for the receipt's provider changed after the receipt. If
    neither the claim nor the record contains the settings, the destination counts as unchanged."""
    provider = str(receipt.get("provider", ""))
    now = went_in.get("delivery", {}).get(provider, {})
    if provider == "email" and not receipt.get("recorded") and now.get("transport") == "smtp":
        return False  # a mail that arrived remains delivered if the server changes
    if past.settings is not None:
        return past.settings.get(provider) != digest_of(dict(now))
    then = (last.inputs.get("delivery") if last else None) or {}
    return bool(then) and then.get(provider, {}) != now
