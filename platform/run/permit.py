"""The permission of a delivery attempt: requested before each attempt, and its result reported
after.

app/gate.py implements it with the ledger."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from platform.model.run import RunRecord, Status


@dataclass(frozen=True, slots=True)
class Permit:
    """The permission to start an attempt.

    * `look_only`: the module may ask the provider, but must not send.
    * `in_doubt`: an earlier attempt may have arrived.
    * `receipts`: the receipts of attempts that arrived, the newest last.
    * `lost`: no record on this machine says what was delivered, so the receipt of another package
      is accepted.
    * `settled`: a person's decision that it arrived."""

    look_only: bool = False
    in_doubt: bool = False
    receipts: tuple[Mapping[str, Any], ...] = ()
    lost: bool = False
    settled: Mapping[str, Any] = field(default_factory=dict)


class Denied(NamedTuple):
    """No attempt is started, and the step ends with this status."""

    status: Status
    reason: str
    message: str


class GateAnswer(NamedTuple):
    """The record after its attempt was posted to the ledger. `again`: another attempt follows
    now."""

    record: RunRecord
    again: bool = False


class Gate(Protocol):
    """The gate of one run of a delivery step."""

    def permit(self, went_in: Mapping[str, Any]) -> Permit | Denied:
        """Call this before an attempt. `went_in` is the manifest of its inputs. PlatformError if
        the ledger refuses."""

    def ended(self, record: RunRecord) -> GateAnswer:
        """Call this immediately after an attempt. `record` contains everything that is known of
        it."""


class Open:
    """The gate without a ledger, or of a step that delivers nothing: every attempt is allowed."""

    def permit(self, went_in: Mapping[str, Any]) -> Permit | Denied:
        """Always allowed."""
        return Permit()

    def ended(self, record: RunRecord) -> GateAnswer:
        """The record is unchanged."""
        return GateAnswer(record)
