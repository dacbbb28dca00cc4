"""What people are shown of a delivery's evidence. Pure.

A receipt is written by a module, and evidence of earlier versions may lack fields. A field that is
missing or has another type is empty.
"""
from collections.abc import Mapping
from typing import Any, NamedTuple


class DeliveryEvidence(NamedTuple):
    """The fields of a receipt or of the ledger's evidence that reports show."""

    provider: str
    remote: str  # path or object id there
    bytes: int
    sha256: str
    verification_status: str
    recorded: bool  # only written to a file on this machine, not sent


def shown_evidence(evidence: Mapping[str, Any]) -> DeliveryEvidence:
    """The fields of the evidence `evidence`."""
    size = evidence.get("bytes")
    return DeliveryEvidence(
        provider=str(evidence.get("provider", "")),
        remote=str(evidence.get("remote_path") or evidence.get("remote_object_id") or ""),
        bytes=size if isinstance(size, int) else 0,
        sha256=str(evidence.get("sha256", "")),
        verification_status=str(evidence.get("verification_status", "")),
        recorded=evidence.get("recorded") is True,
    )
