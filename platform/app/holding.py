"""The steps that wait for a decision, derived from records and ledger. A run, a quote and a status
use the same rules.

    reason         meaning                                     what a run does with the step
    unverified     it was tried twice and may have arrived     it looks, and sends nothing
    cancelled      a person cancelled it                       nothing; it is not charged
    refunded_by…   a person had it refunded                    nothing; it is not charged
    repair_held    it arrived, and its package has changed     nothing; its record is unchanged
    its own        it failed twice in the same way             nothing; it is not charged
    downstream of one of these, except of a repair             not charged; it would be skipped
"""
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from platform import called
from platform.app.billing import Billing
from platform.app.deliveries import Deliveries
from platform.app.records import Records
from platform.app.refunds import Refunds
from platform.app.repairs import is_lost, is_same, settling, subject_of
from platform.app.snapshot import Snapshot
from platform.ledger.rules.attempts import REFUND_REASON, Decision, Past
from platform.ledger.rules.balance import Book
from platform.ledger.rules.refund import SUPERSEDED
from platform.ledger.rules.tables import Fact
from platform.model.digest import digest_of
from platform.model.held import Held
from platform.model.ids import RUN_CHARGE, OrderId, StepId
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.reasons import CANCELLED, UNVERIFIED
from platform.model.run import RunRecord, Status
from platform.run.cancel_request import read_request
from platform.run.context import RunContext
from platform.run.current import current
from platform.run.delivery_settings import inputs_then
from platform.run.fault import Fault
from platform.run.inputs import went_in_digests, what_went_in
from platform.run.ordered import endings
from platform.run.results import REPAIR_HELD

# Reasons of refunds that do not show whether the work would fail.
_NO_FAILURE = frozenset({"skipped_upstream", SUPERSEDED, REFUND_REASON, CANCELLED})
_AGAIN = "`rerun {}` or a changed order charges it and runs it"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The work that a person allows a run to do, and that it does not do automatically."""

    always: bool = False  # `doit run -a`: run steps that are up to date
    retry_failed: bool = False  # `--retry-failed`: charge and retry steps that failed twice
    resend_repaired: bool = False  # `--resend-repaired`: deliver repaired packages again
    retry_steps: frozenset[StepId] = frozenset()  # `rerun`: as `retry_failed`, for these steps

    def retries(self, step_id: StepId) -> bool:
        """Whether a step is tried again although it waits because it failed or was refunded."""
        return self.retry_failed or step_id in self.retry_steps


class Holding:
    """The waiting steps of one run."""

    def __init__(
        self,
        snapshot: Snapshot,
        records: Records,
        billing: Billing,
        deliveries: Deliveries,
        context: RunContext,
        allowed: Allowed,
    ) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._deliveries, self._context, self._allowed = deliveries, context, allowed
        self._refunds = Refunds(billing)
        self._unbought: dict[OrderId, Mapping[str, Held]] = {}

    def unbought(self, order: PlannedOrder) -> Mapping[str, Held]:
        """The steps that the order's charge excludes, as they were before any step of it ran."""
        if order.id not in self._unbought:
            self._unbought[order.id] = {
                name: held for name, held in self.of(order).items() if not held.is_bought
            }
        return self._unbought[order.id]

    def forget(self, order_id: OrderId) -> None:
        """Decide about the order again: another run may have worked on it."""
        self._unbought.pop(order_id, None)

    def of(self, order: PlannedOrder) -> Mapping[str, Held]:
        """All steps of the order that wait now."""
        if not self._billing.exists:
            return {}
        held: dict[str, Held] = {}
        for step in order.steps:
            above = next(
                (
                    name
                    for name in step.upstream
                    if name in held and held[name].reason != REPAIR_HELD
                ),
                "",
            )
            own = self.own(step)
            if own:
                held[step.id.step_id] = own
            elif above and not self._is_done(step):
                held[step.id.step_id] = Held(
                    "skipped_upstream", f"step {above} waits for a decision", below=True
                )
        return held

    def own(self, step: PlannedStep) -> Held | None:
        """Why the step itself waits now; None if it does not. The billing state must exist."""
        book = self._billing.history.book
        epoch, last = book.epoch(step.task_hash, RUN_CHARGE), self._records.of_step(step)
        retries = self._allowed.retries(step.id)
        if not retries and (cancelled := self._cancelled(step, epoch, last)):
            return cancelled
        if is_returned(book, step) and not retries:
            return Held(REFUND_REASON, "a person had it refunded; `doit run --retry-failed` "
                                       "charges "
                        "and sends it again")
        if not retries and (reason := self._failed_twice(step, epoch, last)):
            said = (f" ({last.message})" if last and last.message else "" if last
                    else " according to the ledger; no record is left")
            return Held(reason, f"it failed twice in the same way{said}; it is not charged again "
                        "until its order, its inputs or its code change; `doit run --retry-failed` "
                        "tries again")
        if step.kind is not Kind.DELIVERY:
            return None
        if book.fact(step.task_hash, epoch) is Fact.DONE:
            return self._repair(step, epoch, last)
        if not self._deliveries.past(step, epoch).is_capped:
            return None
        if last and (last.status, last.refund_epoch) == (Status.NEEDS_DECISION, epoch):
            return Held(last.reason, last.message, runs=True, is_bought=True)
        if (
            last is None
            or last.refund_epoch != epoch
            or last.reason in (UNVERIFIED, "skipped_upstream")
        ):
            return Held(UNVERIFIED, "it may have arrived, and it is not sent again automatically; "
                                    "the "
                        f"next run looks; to decide: {settling(step.id)}", runs=True,
                        is_bought=True)
        return None

    def _cancelled(self, step: PlannedStep, epoch: int, last: RunRecord | None) -> Held | None:
        """Why the step waits if a person cancelled it; None if nobody did, or if it was done
        first."""
        book, runtime_dir = self._billing.history.book, self._snapshot.workspace.runtime_dir
        if (last and last.completed) or book.fact(step.task_hash, epoch) is Fact.DONE:
            return None
        request = read_request(runtime_dir, step.id)
        if request and step.task_hash in request.task_hashes:
            past = self._deliveries.past(step, epoch)
            if not past.doubts and book.fact(step.task_hash, epoch) is not Fact.HELD:
                return Held(CANCELLED, f"{request.words}; {_AGAIN.format(step.id)}")
            if step.kind is Kind.DELIVERY and past.decided() is None:
                return left_and_cancelled(step)
        if epoch > 0 and book.paid(step.task_hash, RUN_CHARGE) is None and (
                self._refunds.of(step.task_hash).get(epoch - 1) == CANCELLED):
            said = self._refunds.words(step.task_hash, epoch - 1) or "it was cancelled"
            return Held(CANCELLED, f"{said}; {_AGAIN.format(step.id)}")
        return None

    def _failed_twice(self, step: PlannedStep, epoch: int, last: RunRecord | None) -> str:
        """The reason of the last two failures, if they have the same reason, the reason is not
        transient, and the inputs have not changed. Otherwise empty.

        If the record of a failure is lost, the ledger still has the reason, but not the inputs. If
        no record is left, the reason alone counts. Otherwise, every runner that lost its runtime
        directory would charge and refund the step again."""
        if (last and last.completed) or epoch < 2 or self._billing.history.book.paid(
                step.task_hash, RUN_CHARGE) is not None:
            return ""
        kept = {ended.refund_epoch: ended for ended in endings(
            self._snapshot.workspace.runtime_dir, step.id.order, step.task_hash)
            if ended.status is Status.FAILED and ended.reason != CANCELLED
            and ended.refund_epoch < epoch}
        failed: list[tuple[str, str | None]] = []
        failed += [(ended.reason, ended.went_in) for _, ended in sorted(kept.items())[-2:]]
        if len(failed) < 2:
            failed = [*self._failures_in_ledger(step, kept), *failed][-2:]
        went_in = {each for _, each in failed if each is not None}
        reasons = {reason for reason, _ in failed}
        if (
            len(failed) < 2
            or len(reasons) > 1
            or self._snapshot.repo.reasons.transient(failed[0][0])
        ):
            return ""
        if went_in and ("" in went_in or self._may_change(step)
                        or not went_in.issubset(went_in_digests(self._context, step))):
            return ""
        return failed[0][0]

    def _failures_in_ledger(self, step: PlannedStep, kept: Collection[int]
                            ) -> list[tuple[str, str | None]]:
        """The failures that are not in `kept`, oldest first. Each has a reason, but no inputs."""
        reasons = self._refunds.of(step.task_hash)
        return [(reason, None) for number, reason in sorted(reasons.items()) if number not in kept
                and reason not in _NO_FAILURE]

    def _may_change(self, step: PlannedStep) -> bool:
        """Whether an upstream step, direct or indirect, will run, which may change this step's
        inputs."""
        above = [self._snapshot.step(StepId(*step.id.order, name)) for name in step.upstream]
        return any(current(self._context, each) or self._may_change(each) for each in above)

    def _repair(self, step: PlannedStep, epoch: int, last: RunRecord | None) -> Held | None:
        """Why the step waits if it arrived and its inputs have changed since; None if it need
        not."""
        if self._allowed.always or self._allowed.resend_repaired or last is None or is_lost(last):
            return None
        try:
            went_in = what_went_in(self._context, step)
        except Fault:
            return None  # an upstream step has not completed, so the inputs are unknown
        if last.completed and inputs_then(step.contract, last)[1] == digest_of(went_in):
            return None  # the inputs are those of the delivery
        past = self._deliveries.past(step, epoch)
        if not past.receipts or is_same(past, went_in, last) or self._said_about(past, went_in):
            return None
        return Held(
            REPAIR_HELD,
            "it was delivered before and something else would go out now; `doit run "
            "--resend-repaired` sends it, "
            f"`{called.command(f'delivery settle {step.id} --arrived --note TEXT')}` leaves it at "
            "what was delivered",
            is_bought=True,
        )

    def goes_again(self, order: PlannedOrder) -> frozenset[StepId]:
        """The deliveries that would be sent although they arrived or may have arrived, as far as
        this is known before the upstream steps run."""
        found = set()
        for step in order.steps:
            if (step.kind is Kind.DELIVERY and self._billing.exists and self.own(step) is None
                    and (self._is_in_doubt(step) or self._is_repaired(step))):
                found.add(step.id)
        return frozenset(found)

    def _is_in_doubt(self, step: PlannedStep) -> bool:
        """Whether an attempt may have arrived and another is allowed, automatically or by a
        person."""
        book, last = self._billing.history.book, self._records.of_step(step)
        epoch = book.epoch(step.task_hash, RUN_CHARGE)
        if book.fact(step.task_hash, epoch) is Fact.DONE:
            return False
        past = self._deliveries.past(step, epoch)
        if past.doubts:
            return not past.is_capped
        return last is not None and (last.status, last.reason) == (Status.FAILED, UNVERIFIED)

    def _is_repaired(self, step: PlannedStep) -> bool:
        """Whether a changed package is sent, because all repairs are sent or a person decided
        so."""
        book, last = self._billing.history.book, self._records.of_step(step)
        epoch = book.epoch(step.task_hash, RUN_CHARGE)
        if last is None:
            return False
        try:
            went_in = what_went_in(self._context, step)
        except Fault:
            return False
        _, digest_then = inputs_then(step.contract, last)
        if book.fact(step.task_hash, epoch) is not Fact.DONE or digest_then == digest_of(went_in):
            return False
        past = self._deliveries.past(step, epoch)
        said = self._said_about(past, went_in)
        return not is_same(past, went_in, last) and (
            (self._allowed.resend_repaired and not is_lost(last))
            or (said is not None and said.decision == "resend")
        )

    def _said_about(self, past: Past, went_in: Mapping[str, Any]) -> Decision | None:
        return past.decided(subject_of(past, went_in, self._context.profile.delivery))

    def _is_done(self, step: PlannedStep) -> bool:
        last = self._records.of_step(step)
        return last is not None and last.completed


def left_and_cancelled(step: PlannedStep) -> Held:
    """Why a delivery waits that was cancelled when it may have arrived."""
    return Held(CANCELLED, "it was cancelled, and it may have arrived: nothing is sent, and its "
                           f"charge is kept; to decide: {settling(step.id)}", is_bought=True)


def is_returned(book: Book, step: PlannedStep) -> bool:
    """Whether a person had the step's delivery refunded, and it was not charged again since."""
    epoch = book.epoch(step.task_hash, RUN_CHARGE)
    if book.paid(step.task_hash, RUN_CHARGE) is not None:
        return book.fact(step.task_hash, epoch) is Fact.RETURNED
    return epoch > 0 and book.fact(step.task_hash, epoch - 1) is Fact.RETURNED
