"""What the ledger allows a delivery to do. Each attempt is claimed before it starts, and its result
is posted as soon as it ends.

    known before an attempt                       what is allowed
    nothing arrived, fewer doubts than the limit  claim, then look, then send
    another runner delivers it                    nothing: FAILED claimed_elsewhere;
                                                  the next run looks again
    doubts have reached the limit                 look only:
                                                  found: completed
                                                  certainly absent: the claims are void, send
                                                  otherwise: NEEDS_DECISION unverified
    it arrived                                    look only, with the receipts:
                                                  found or remembered: completed
                                                  lost by the provider: put it there again
                                                  otherwise: NEEDS_DECISION repair_held,
                                                  unless sending again is allowed

After a provider acknowledges a delivery, only this process knows it until the evidence is in the
journal.
"""
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from platform.app.repairs import is_lost, is_same, settling, subject_of
from platform.app.run import Run
from platform.delivery.flow import LOOK_ABSENT, SETTLED
from platform.delivery.receipt import Verification
from platform.delivery.step import looks
from platform.errors import ConflictError
from platform.ledger.rules import attempts, keys
from platform.ledger.rules.attempts import Claim, Decision, Past
from platform.ledger.rules.refund import acknowledged
from platform.ledger.rules.tables import Fact
from platform.model.digest import digest_of
from platform.model.ids import RUN_CHARGE
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import RunRecord, Status
from platform.model.utc import utc_text
from platform.run import claimant
from platform.run.job import time_limit_s
from platform.run.permit import Denied, GateAnswer, Permit
from platform.run.results import CLAIMED_ELSEWHERE, REPAIR_HELD

# clocks differ, and a claim may be published before its attempt starts
_GRACE = timedelta(minutes=5)
_NO_LIMIT = timedelta(hours=6)  # the claim's duration if the profile sets no time limit for steps
_TRIES = 5


class LedgerGate:
    """The gate of one run of one delivery step."""

    def __init__(self, run: Run, planned: PlannedStep, epoch: int) -> None:
        self._run, self._planned, self._work = run, planned, (planned.task_hash, epoch)
        self._went_in: Mapping[str, Any] = {}
        self._may_send = False  # a look showed that nothing arrived, or sending again is allowed
        self._looking = False
        # It arrived, the provider certainly lost it, and the same package goes to the same place.
        self._restores = False
        self._attempt = 0  # the number of the claimed attempt

    def permit(self, went_in: Mapping[str, Any]) -> Permit | Denied:
        """See `permit.Gate`."""
        self._went_in = went_in
        for _ in range(_TRIES):
            with self._run.billing.steady:
                past = self._past()
                answer = self._answer(past)
                claimed = answer is None and self._claim(past)
            if answer is not None:
                return answer
            if claimed and self._is_known_to_all():
                return Permit(in_doubt=bool(past.doubts))
        raise ConflictError(f"step {self._planned.id}: other runs claim it repeatedly; stop them, "
                            "then run again")

    def ended(self, record: RunRecord) -> GateAnswer:
        """See `permit.Gate`."""
        with self._run.billing.steady:
            ended = self._ended(record)
        if (
            ended.record.completed
            and record.evidence.get("verification_status") == Verification.UNVERIFIED
        ):
            self._run.sharing.publish_evidence()  # no other clone can find out that it arrived
        return ended

    def _ended(self, record: RunRecord) -> GateAnswer:
        if self._looking:
            self._looking = False
            return self._looked(record)
        if record.completed:
            self._acknowledge(record)
        elif record.reason != UNVERIFIED:
            self._void_own(record.reason)
        elif self._past().is_capped:
            # This also holds if this attempt was certainly refused, because the attempt before it
            # is still in doubt. This claim counts as the one automatic repetition.
            return GateAnswer(self._held(record, UNVERIFIED))
        return GateAnswer(record)

    def _answer(self, past: Past) -> Permit | Denied | None:
        """What is allowed without a claim; None if an attempt may be claimed."""
        run, lost = self._run, is_lost(self._run.records.of_step(self._planned))
        if self._restores:
            return Permit()  # no claim: two runs that write the same bytes make no second delivery
        arrived = bool(past.receipts) or run.billing.history.book.fact(*self._work) is Fact.DONE
        subject = subject_of(past, self._went_in, run.workspace.profile.delivery)
        said = past.decided(subject) or (None if past.receipts else past.decided())
        again = run.allowed.always or (said is not None and said.decision == "resend")
        look_only = not self._may_send and (not again if arrived else past.is_capped)
        if (claim := _live(past)) and not (arrived and look_only):
            # What the provider says now is not final, so a look would prove nothing either.
            return Denied(Status.FAILED, CLAIMED_ELSEWHERE,
                          f"{claimant.described(claim.claimant)} is delivering it and may do so "
                          f"until {claim.expires_at}; run again when it has ended, or after that "
                          "time if it no longer runs")
        if look_only:
            if not looks(run.context.module_dir(self._planned.contract.module_id)):
                return self._unasked(arrived, said)
            self._looking = True
            settled = said._asdict() if said and said.decision == "arrived" else {}
            return Permit(
                look_only=True,
                in_doubt=not arrived,
                receipts=past.receipts,
                lost=lost or bool(settled),
                settled=settled,
            )
        if not self._is_paid():
            return Denied(Status.FAILED, CLAIMED_ELSEWHERE,
                          "another clone published its posts first: this charge could not be "
                          "posted again (see journal.lost.* next to the ledger), or it was "
                          "refunded; run again")
        return None

    def _unasked(self, arrived: bool, said: Decision | None) -> Denied:
        """The result if only a look is allowed and the module cannot look: it is not started."""
        if said and said.decision == "arrived" and not self._planned.required_outputs:
            return Denied(
                Status.COMPLETED, SETTLED, f"{said.by} settled it as arrived at {said.at}"
            )
        reason = REPAIR_HELD if arrived else UNVERIFIED
        module = self._planned.contract.module_id
        return Denied(Status.NEEDS_DECISION, reason, self._held_words(
            f"the module {module} does not use platform.delivery.step and cannot look without "
            "sending", reason))

    def _claim(self, past: Past) -> bool:
        """Claim the next attempt. Return whether this run has the claim."""
        self._attempt = past.made + 1
        limit_s = time_limit_s(self._run.workspace.profile, self._planned)
        until = datetime.now(UTC) + (timedelta(seconds=limit_s) if limit_s else _NO_LIMIT) + _GRACE
        settings = self._run.workspace.profile.delivery.items()
        metadata: dict[str, Any] = {
            "claimant": claimant.this_process(), "expires_at": utc_text(until),
            "settings": {name: digest_of(dict(values)) for name, values in settings}}
        if past.inherited and not self._may_send:
            metadata["in_doubt_before"] = 1
        post = attempts.claim(self._planned.id, self._work, self._attempt, metadata)
        try:
            self._run.deliveries.post(lambda book: (post,))
        except ConflictError:  # another run was first
            return False
        self._run.sharing.claims(post.key)
        return True

    def _is_known_to_all(self) -> bool:
        """Publish the claim if the ledger is shared. Return whether this run still has the
        claim, or another clone was first. If publishing fails, the claim is void and nothing is
        sent."""
        key = keys.claim(*self._work, self._attempt)
        try:
            if not self._run.sharing.publish_claims(key):
                return True
        except BaseException:
            with self._run.billing.steady:
                self._void_own("not_published")
            raise
        with self._run.billing.steady:
            if self._has_claim() and self._is_paid():
                return True
            self._void_own("not_paid")
            return False

    def _has_claim(self) -> bool:
        """Whether this run made the open claim with the number of its attempt. After the posts of
        other clones came in, it may be another runner's."""
        return any(claim.attempt == self._attempt and claimant.is_ours(claim.claimant)
                   for claim in self._past().open)

    def _is_paid(self) -> bool:
        """Whether this run's charge is in force. Another clone may have refunded it meanwhile, and
        charged the step again."""
        book, (task_hash, epoch) = self._run.billing.history.book, self._work
        return (book.epoch(task_hash, RUN_CHARGE) == epoch
                and book.paid(task_hash, RUN_CHARGE) is not None)

    def _acknowledge(self, record: RunRecord) -> None:
        """Post the evidence and the fact at once, in one post. If no new evidence is needed,
        void the claim."""
        order, reasons = self._planned.id.order, self._run.snapshot.repo.reasons
        posted = self._run.deliveries.post(lambda book: acknowledged(book, order, record, reasons))
        if not any(post.kind == "evidence" for post in posted):
            self._void_own(record.reason or "known_before")

    def _looked(self, record: RunRecord) -> GateAnswer:
        """The result of a look, which sends nothing."""
        past = self._past()
        arrived = (
            bool(past.receipts) or self._run.billing.history.book.fact(*self._work) is Fact.DONE
        )
        absent = record.reason == LOOK_ABSENT
        if record.completed:
            self._acknowledge(record)
            return GateAnswer(record)
        if arrived:
            self._restores = absent and is_same(
                past, self._went_in, self._run.records.of_step(self._planned)
            )
            self._may_send = self._restores or self._run.allowed.resend_repaired
            return GateAnswer(
                record if self._may_send else self._held(record, REPAIR_HELD), self._may_send
            )
        self._may_send = absent
        if absent:
            over = [claim.attempt for claim in past.open if not _is_live(claim)]
            self._post_voids(over, LOOK_ABSENT)
            return GateAnswer(record, again=True)
        return GateAnswer(self._held(record, UNVERIFIED))

    def _held(self, record: RunRecord, reason: str) -> RunRecord:
        return replace(record, status=Status.NEEDS_DECISION, reason=reason,
                       message=self._held_words(record.message, reason))

    def _held_words(self, message: str, reason: str) -> str:
        what = ("it is not sent again automatically" if reason == UNVERIFIED else
                "it was delivered before and would be delivered again; `doit run "
                "--resend-repaired` "
                "does that")
        said = f"{message}; " if message else ""
        return f"{said}{what}; to decide: {settling(self._planned.id)}"

    def _void_own(self, reason: str) -> None:
        """Void this run's claim if it has one. Another runner's claim is never voided: that runner
        may be sending."""
        if self._has_claim():
            self._post_voids([self._attempt], reason)

    def _post_voids(self, numbers: list[int], reason: str) -> None:
        posts = [attempts.void(self._planned.id, self._work, number, reason) for number in numbers]
        self._run.deliveries.post(lambda book: [post for post in posts if not book.has(post.key)])

    def _past(self) -> Past:
        return self._run.deliveries.past(self._planned, self._work[1])


def _live(past: Past) -> Claim | None:
    """The claim of another runner that may be sending now."""
    return next((claim for claim in past.open if _is_live(claim)), None)


def _is_live(claim: Claim) -> bool:
    who = claim.claimant
    return (not claimant.is_ours(who) and not claimant.is_dead(who)
            and utc_text(datetime.now(UTC)) < claim.expires_at)
