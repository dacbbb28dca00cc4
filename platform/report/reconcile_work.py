"""What explains a task hash: the present plan, kept manifests, run records, and the ledger's posts.

Pure. A manifest says whose work it is and what was bought. Its digest is the task hash, so nobody
can write a manifest for the hash of other work. A run record that does not match its hash is
ignored.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from platform.ledger.rules import keys
from platform.ledger.rules.attempts import REFUND_REASON
from platform.ledger.rules.loss import accepted
from platform.ledger.rules.refund import SUPERSEDED
from platform.model.digest import derived_id, digest_of
from platform.model.entry import Item, Post, PostType
from platform.model.ids import RUN_CHARGE, OrderId, StepId, is_internal
from platform.model.plan import Plan, PlannedStep
from platform.model.reasons import CANCELLED, UNVERIFIED
from platform.model.repo import Repo
from platform.model.run import RunEnding, RunRecord, Status
from platform.report import reconcile_price
from platform.run.results import CLAIMED_ELSEWHERE, REPAIR_HELD

DELIVERY_MISSING = "delivery_missing"


class WorkOwner(NamedTuple):
    """The step of a task hash; `bought` are the charged deliverable ids, None if unknown."""

    step: StepId
    module_id: str
    bought: frozenset[str] | None


class Works:
    def __init__(
        self,
        posts: Sequence[Post],
        repo: Repo,
        plan: Plan,
        runs: Iterable[RunRecord],
        kept: Iterable[Mapping[str, Any]],
        ended: Mapping[str, Iterable[RunEnding]],
    ) -> None:
        true = [run for run in runs if not run.task or digest_of(run.task) == run.task_hash]
        items = [(post, item) for post in posts for item in post.items]
        facts = [post for post in posts if post.kind == "completion"]
        self._repo = repo
        self._runs = {(run.task_hash, run.refund_epoch): run for run in true}
        endings = {**{(task, end.refund_epoch): end
                      for task, ends in ended.items() for end in ends},
                   **{pair: run.ended for pair, run in self._runs.items()}}
        self._ended = {pair: end for pair, end in endings.items() if _ended_here(end)}
        self._planned = {
            step.task_hash: _planned(step) for order in plan.orders.values() for step in order.steps
        }
        self._known = {
            **{run.task_hash: WorkOwner(run.id, run.module_id, None) for run in true},
            **{
                digest_of(task): _ordered(task)
                for task in (*kept, *(run.task for run in true if run.task))
            },
            **self._planned,
        }
        decided = {
            (post.metadata["task_hash"], post.metadata["refund_epoch"]): post.metadata["decision"]
            for post in posts
            if post.kind == "decision"
        }
        self._refunded = {work for work, decision in decided.items() if decision == "refund"}
        self._accepted_losses = accepted(posts)
        self._done = {*(pair for fact in facts for pair in fact.metadata["done"].items()),
                      *(work for work, decision in decided.items() if decision == "arrived")}
        self._facts = {pair: OrderId(fact.tenant_id, fact.work_order_id) for fact in facts
                       for result in ("done", "held") for pair in fact.metadata[result].items()}
        self._charged = {(item.task_hash, item.deliverable_id, item.refund_epoch): (post, item)
                         for post, item in items if item.type is PostType.SPEND}
        self._published = {
            str(post.metadata.get("transaction_item_id", ""))
            for post in posts
            if post.kind == "publish" and post.metadata.get("status") == "published"
        }
        self._ran = {*(task for task, _ in self._facts), *(task for task, _ in self._ended),
                     *(post.metadata["task_hash"] for post in posts if post.kind == "claim"),
                     *(item.task_hash for _, item in items if item.type is PostType.REFUND)}

    def planned(self, task_hash: str) -> bool:
        return task_hash in self._planned

    def known(self, task_hash: str) -> bool:
        """Whether a source outside the ledger describes this work."""
        return task_hash in self._known

    def ran(self, task_hash: str) -> bool:
        """Whether any source says that this work ran."""
        return task_hash in self._ran

    def spend(self, post: Post, item: Item, days: Sequence[date]) -> str:
        """Why nothing explains a charge, or an empty string. It was decided on one of `days`."""
        if why := reconcile_price.objection(self._repo.prices, item, days):
            return why
        work = self._known.get(item.task_hash)
        if work is None:
            return "" if self.ran(item.task_hash) else (
                "no order has this work, and no run record, fact or refund mentions it")
        if (work.step, work.module_id) != _charged_to(post, item):
            return f"its task hash is the work of {work.step} ({work.module_id})"
        if work.bought is not None and item.deliverable_id not in work.bought:
            return f"its order did not buy {item.deliverable_id}"
        return ""

    def refund(self, post: Post, item: Item, days: Sequence[date]) -> str:
        """Why nothing explains a refund, or an empty string.

        A later charge of the same item cancels it, or a run with such a result explains it. Without
        a run on this machine, see `is_by_ledger_alone`.
        """
        charge = self._charged.get((item.task_hash, item.deliverable_id, item.refund_epoch))
        if charge is None or _charged_to(*charge) != _charged_to(post, item):
            return (
                f"it was charged to {_charged_to(*charge)[0]}" if charge else "it was never charged"
            )
        if not self._repo.reasons.refundable(item.note):
            return f"reason {item.note} is not refundable"
        if item.note == DELIVERY_MISSING:  # refunded at publishing, after the work was done
            return self._missing(charge[1])
        if item.note == REFUND_REASON:
            by_decision = (item.task_hash, item.refund_epoch) in self._refunded
            return "" if by_decision else "no decision refunds it"
        if (item.task_hash, item.refund_epoch) in self._done:
            return "the work was done"
        if self._charged_again(item):
            return ""
        if ended := self._ended.get((item.task_hash, item.refund_epoch)):
            if item.note == CANCELLED and ended.reason != UNVERIFIED:
                return ""  # a person's decision, whatever the last run of it left
            failed = ended.status is Status.FAILED and self._repo.reasons.refundable(ended.reason)
            refunds = failed or ended.status is Status.SKIPPED
            return "" if refunds else f"its run record says {ended.status} {ended.reason}".rstrip()
        return (
            "its order still has this work"
            if item.note == SUPERSEDED and item.task_hash in self._planned
            else ""
        )

    def is_by_ledger_alone(self, item: Item) -> bool:
        """Whether only the ledger explains an item.

        For a charge: its price row was deleted. For a refund: another machine ran the work, or this
        machine lost its runtime directory.
        """
        if item.type is PostType.SPEND:
            return reconcile_price.is_gone(self._repo.prices, item)
        return (item.note not in (DELIVERY_MISSING, SUPERSEDED, CANCELLED)
                and not self._charged_again(item)
                and (item.task_hash, item.refund_epoch) not in self._ended)

    def _charged_again(self, item: Item) -> bool:
        return (item.task_hash, item.deliverable_id, item.refund_epoch + 1) in self._charged

    def _missing(self, charged: Item) -> str:
        if is_internal(charged.deliverable_id):
            return f"{charged.deliverable_id} is never published, so it cannot be missing"
        return "it was published" if derived_id(charged.key) in self._published else ""

    def uncharged(self) -> Iterator[tuple[str, OrderId, int, str]]:
        """Each missing charge, as (key, order, credits, why): of runs, and of facts in the ledger.

        An order is bought whole, so a run's deliverables were charged with it or before it.
        """
        ran = {pair: (run.id.order, f"{run.id} is {run.status} and was never charged")
               for pair, run in self._runs.items() if _was_tried(run)}
        facts = {pair: (order, "a fact of the ledger is about work that was never charged")
                 for pair, order in self._facts.items()}
        anywhere = {(task, deliverable) for task, deliverable, _ in self._charged}
        for (task, epoch), (order, why) in {**facts, **ran}.items():
            if task in self._accepted_losses:
                continue
            work = self._known.get(task)
            if (task, RUN_CHARGE, epoch) not in self._charged:
                yield self._should_be(work, task, RUN_CHARGE, epoch, order, why)
            for deliverable in sorted((work.bought if work else None) or ()):
                if deliverable != RUN_CHARGE and (task, deliverable) not in anywhere:
                    yield self._should_be(
                        work, task, deliverable, epoch, order, f"{why}: {deliverable}"
                    )

    def _should_be(
        self,
        work: WorkOwner | None,
        task: str,
        deliverable: str,
        epoch: int,
        order: OrderId,
        why: str,
    ) -> tuple[str, OrderId, int, str]:
        run = self._runs.get((task, epoch))
        day = date.fromisoformat(run.started_at[:10]) if run and run.started_at else date.max
        row = self._repo.prices.in_force(work.module_id, deliverable, day) if work else None
        return (
            keys.item(PostType.SPEND, task, deliverable, epoch),
            order,
            -row.price_credits if row else 0,
            why,
        )


def _planned(step: PlannedStep) -> WorkOwner:
    return WorkOwner(
        step.id,
        step.contract.module_id,
        frozenset(charge.deliverable_id for charge in step.charges),
    )


def _ordered(task: Mapping[str, Any]) -> WorkOwner:
    step = StepId(*(str(task.get(name, "")) for name in ("tenant_id", "work_order_id", "step_id")))
    return WorkOwner(
        step,
        str(task.get("module_id", "")),
        frozenset({RUN_CHARGE, *map(str, task.get("deliverables", ()))}),
    )


def _charged_to(post: Post, item: Item) -> tuple[StepId, str]:
    return StepId(post.tenant_id, post.work_order_id, item.step_id), item.module_id


def _was_tried(run: RunRecord) -> bool:
    """Whether a record is of work that must be paid: not of a skipped step, nor of a step that
    waits for a decision and did not start."""
    return run.status is not Status.SKIPPED and (
        run.status is not Status.NEEDS_DECISION or run.attempts > 0
    )


def _ended_here(ending: RunEnding) -> bool:
    """Whether an ending says how work ended. A step that waits was not run on this machine, and
    neither was a delivery that another runner made; that runner may have been refunded. Only a
    delivery in doubt was tried."""
    if ending.status is Status.NEEDS_DECISION:
        return ending.reason in (UNVERIFIED, REPAIR_HELD)
    return ending.reason != CLAIMED_ELSEWHERE
