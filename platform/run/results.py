"""How a child's end becomes an outcome: status, reason, message. Pure.

A delivery is different: that its process crashed or ran out of time proves nothing about what was sent. Its reason is
then `unverified`, which is not refunded, and the next run looks before it sends.
"""
import re
from dataclasses import dataclass, replace
from typing import Any

from platform.model.order import Kind
from platform.model.run import Status
from platform.run.worker import Ended

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
_UNPROVEN = frozenset({"module_crashed", "module_exited", "timed_out", "malformed_result"})
RETRYABLE = _UNPROVEN | {"external_api_error", "delivery_failed", "unverified"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `reason` is a slug of config/reasons.yml or one of the module's own."""

    status: Status
    reason: str = ""
    message: str = ""


def failed(reason: str, message: str) -> Outcome:
    return Outcome(Status.FAILED, reason, message[:2000])


def judge(ended: Ended, kind: Kind, timeout_s: int) -> Outcome:
    """The outcome of an attempt, by the way it ended."""
    outcome = _judge(ended, timeout_s)
    if kind is Kind.DELIVERY and outcome.reason in _UNPROVEN:
        return replace(outcome, reason="unverified", message=f"{outcome.reason}: {outcome.message}")
    return outcome


def _judge(ended: Ended, timeout_s: int) -> Outcome:
    if ended.timed_out:
        return failed("timed_out", f"it ran longer than {timeout_s} s and was ended")
    match ended.result:
        case {"returned": returned}:
            return _returned(returned)
        case {"crashed": str(message)}:
            return failed("module_crashed", message)
        case {"exited": str(status)}:
            return failed("module_exited", f"it called sys.exit({status}) instead of returning a result")
    if ended.exit_status < 0:
        return failed("module_crashed", f"it was ended by signal {-ended.exit_status}, perhaps by a limit")
    return failed("module_exited", f"it ended with status {ended.exit_status} and no result")


def _returned(returned: Any) -> Outcome:
    match returned:
        case {"status": "COMPLETED", **rest}:
            return Outcome(Status.COMPLETED, _slug(rest.get("reason_slug"), ""), str(rest.get("message", ""))[:2000])
        case {"status": "FAILED", **rest}:
            return failed(_slug(rest.get("reason_slug"), "module_failed"), str(rest.get("message", "it said no more")))
    said = str(returned)[:200]
    return failed("malformed_result", f"run() returned {said!r}, not a map with status COMPLETED or FAILED")


def _slug(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else otherwise
