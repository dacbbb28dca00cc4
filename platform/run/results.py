"""Derive an outcome (status, reason, message) from the end of a child process. Pure.

    it ended                                    reason
    returned COMPLETED                          the module's own, or none
    returned FAILED                             the module's own when it is a slug that it may give
                                                (`Reasons.reserved`), else module_failed
    returned something else                     malformed_result
    raised                                      module_crashed; by errno: output_too_large,
                                                output_write_failed
    killed by a signal                          module_crashed; timed_out for its CPU limit
    sys.exit, os._exit, no result               module_exited
    ran too long, wrote too much                timed_out, output_too_large
    a person had it stopped                     cancelled
    any of its processes was killed for memory  out_of_memory (with a cgroup)
    never started                               internal_error

A delivery is different: after `run` was called, only its own result proves what was sent. Any other
end has the reason `unverified`. It is not refunded, and the next run looks before it sends.
"""
import errno
import signal
from dataclasses import dataclass, replace

from platform.model.contract import Contract
from platform.model.order import Kind
from platform.model.profile import Limits
from platform.model.reasons import CANCELLED, SLUG, UNVERIFIED, Reasons
from platform.model.run import Status
from platform.ports.executor import JobEnd

CLAIMED_ELSEWHERE = "claimed_elsewhere"  # another runner is at this delivery
REPAIR_HELD = "repair_held"  # it was delivered before, and sending it again waits for a person
# Failures that a repetition may avoid. Wrong inputs and broken contracts are not among them.
RETRYABLE = frozenset(
    {
        "module_failed",
        "module_crashed",
        "module_exited",
        "timed_out",
        "external_api_error",
        "delivery_failed",
        "output_write_failed",
        UNVERIFIED,
    }
)
# By the text of the field, which need not be a number: a module can write to the answer directly.
_BY_ERRNO = {str(errno.EFBIG): "output_too_large", str(errno.ENOSPC): "output_write_failed",
             str(errno.EDQUOT): "output_write_failed"}
_SHELL_SIGNAL = 128  # bubblewrap, like a shell, reports signal N as status 128 + N


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt. `told`: the module itself reported it; otherwise, it is
    derived."""

    status: Status
    reason: str = ""
    message: str = ""
    told: bool = False


def judge(ended: JobEnd, contract: Contract, limits: Limits, reasons: Reasons) -> Outcome:
    """The outcome of a module's attempt. A reason that the module may not give is moved to the
    message."""
    outcome, delivery = _judge(ended, limits), contract.kind is Kind.DELIVERY
    if outcome.told and reasons.reserved(outcome.reason, contract.module_id, delivery=delivery):
        own = "module_failed" if outcome.status is Status.FAILED else ""
        outcome = replace(outcome, reason=own, message=f"{outcome.reason}: {outcome.message}")
    return unproven(outcome) if delivery and ended.called and not outcome.told else outcome


def unproven(outcome: Outcome) -> Outcome:
    """The outcome of a delivery whose failure proves nothing. The message says what happened."""
    return Outcome(Status.FAILED, UNVERIFIED,
                   f"{outcome.reason}: {outcome.message}; nobody can tell whether it was delivered")


def _judge(ended: JobEnd, limits: Limits) -> Outcome:
    if ended.cancelled:
        return _failed(CANCELLED, ended.cancelled)
    if ended.timed_out:
        return _failed("timed_out", f"it ran longer than {limits.timeout_s} s and was ended")
    if ended.too_large:
        return _failed("output_too_large", f"it wrote {ended.too_large} and was ended")
    if ended.out_of_memory:
        return _failed(
            "out_of_memory",
            f"its processes together needed more than {limits.memory_mb} MB of memory, and "
            "one was killed for it",
        )
    if ended.said[:1] == ("moved",):
        return _failed(
            "missing_required_input", f"{' '.join(ended.said[1:])}; nothing was started, run again"
        )
    match ended.said[2:] if ended.called else ended.said[1:]:
        case ("returned", status, reason, message) if ended.exit_status == 0:
            return _returned(status, reason, message)
        case ("malformed", text):
            return _failed(
                "malformed_result",
                f"run() returned {text[:200]}; it must return a map with a status",
            )
        case ("raised", number, message):
            return _failed(_BY_ERRNO.get(number, "module_crashed"), message)
    return _silent(ended, limits)


def _returned(status: str, reason: str, message: str) -> Outcome:
    match status:
        case "COMPLETED":
            return Outcome(
                Status.COMPLETED, reason if SLUG.fullmatch(reason) else "", message, told=True
            )
        case "FAILED":
            slug = reason if SLUG.fullmatch(reason) else "module_failed"
            return Outcome(Status.FAILED, slug, message or "the module said no more", told=True)
    return _failed(
        "malformed_result",
        f"run() returned the status {status[:60]!r}; COMPLETED and FAILED are known",
    )


def _silent(ended: JobEnd, limits: Limits) -> Outcome:
    """The outcome of a child that reported no result, or that died after `run` returned."""
    number = -ended.exit_status if ended.exit_status < 0 else ended.exit_status - _SHELL_SIGNAL
    if number == signal.SIGXCPU:
        return _failed(
            "timed_out",
            f"it used more processor time than {limits.timeout_s} s of all processors have",
        )
    if not ended.said:
        return _failed(
            "internal_error",
            f"the child process did not start (status {ended.exit_status}); see its log",
        )
    if number in set(signal.Signals):
        return _failed(
            "module_crashed", f"it was killed by {signal.Signals(number).name}, perhaps for a limit"
        )
    return _failed(
        "module_exited", f"it ended with status {ended.exit_status} and without a result"
    )


def _failed(reason: str, message: str) -> Outcome:
    return Outcome(Status.FAILED, reason, message)
