"""What an attempt at a delivery may do: asked before each, told after it. The ledger's side is app/gate.py."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from platform.model.run import RunRecord, Status


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to start an attempt. `look_only`: the module may ask the provider and send nothing. `in_doubt`: an earlier
    attempt may have arrived. `receipts` are those of what did, the newest last; `lost`: no record here says what was
    delivered, so that one of another package will do. `settled`: a person says that it arrived, in words."""

    look_only: bool = False
    in_doubt: bool = False
    receipts: tuple[Mapping[str, Any], ...] = ()
    lost: bool = False
    settled: Mapping[str, Any] = field(default_factory=dict)


class Denied(NamedTuple):
    """No attempt is started, and the step ends so."""

    status: Status
    reason: str
    message: str


class GateAnswer(NamedTuple):
    """What a record becomes when the ledger was told of the attempt; `again`: what it said asks for another one now."""

    record: RunRecord
    again: bool = False


class Gate(Protocol):
    """Of one run of a delivery step."""

    def permit(self, went_in: Mapping[str, Any]) -> Permit | Denied:
        """Before an attempt. `went_in` is the manifest of its inputs. PlatformError when the ledger refuses."""

    def ended(self, record: RunRecord) -> GateAnswer:
        """Right after an attempt, of which `record` says everything that is known."""


class Open:
    """No ledger is there to ask, or the step delivers nothing: every attempt may do what it does."""

    def permit(self, went_in: Mapping[str, Any]) -> Permit | Denied:
        return Permit()

    def ended(self, record: RunRecord) -> GateAnswer:
        return GateAnswer(record)
