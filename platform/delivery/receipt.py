"""The outputs of a delivery: the receipt (schemas/receipt.schema.json) and the log of the exchange.

Only these two outputs contain times.
"""
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from platform.files import write_atomic

RECEIPT_NAME = "delivery_receipt.json"
LOG_NAME = "delivery_log.json"


class Verification(StrEnum):
    VERIFIED = "verified"  # seen there after the upload
    ALREADY_THERE = "already_exists_verified"  # seen there before any upload
    UNVERIFIED = "unverified"  # nobody could look: only acknowledged by the provider, or unknown


@dataclass(frozen=True, slots=True)
class Receipt:
    """`delivered_at` is UTC. `recorded`: written to this machine's outbox and not sent."""

    provider: str
    delivered_at: str
    remote_path: str
    bytes: int
    sha256: str
    verification_status: Verification
    remote_object_id: str = ""
    recorded: bool = False
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields, without those that are empty or false."""
        return {name: value for name, value in asdict(self).items() if value not in ("", False)}


def receipt_of(value: Mapping[str, Any]) -> Receipt | None:
    """The receipt whose `as_json` is `value`; None if `value` is not a receipt."""
    try:
        status = Verification(value["verification_status"])
        return Receipt(**{"remote_path": "", **value, "verification_status": status})
    except (TypeError, LookupError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Event:
    """One request to the provider, and its outcome."""

    at: str
    event: str  # look | put | ledger
    outcome: str  # a Presence, acknowledged, declined, broken, delivered
    detail: str = ""


def write_receipt(outputs_dir: Path, receipt: Receipt) -> None:
    write_atomic(outputs_dir / RECEIPT_NAME, _json(receipt.as_json()))


def write_log(
    outputs_dir: Path, provider: str, delivery_key: str, recorded: bool, events: tuple[Event, ...]
) -> None:
    write_atomic(outputs_dir / LOG_NAME, _json({
        "provider": provider, "delivery_key": delivery_key, "recorded": recorded,
        "events": [asdict(event) for event in events]}))


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
