"""Explain one item in the ledger: its work, its price, its history and its run. Pure."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from platform.ledger.journal.record import Record
from platform.model.digest import derived_id
from platform.model.ids import is_internal
from platform.model.prices import PriceList
from platform.model.run import RunRecord
from platform.model.words import counted, in_credits
from platform.report.bill import Posted, posted
from platform.report.why_views import shown


@dataclass(frozen=True, slots=True)
class Price:
    """A row of the price list, and its file and line."""

    place: str
    price_credits: int
    effective_from: str
    effective_to: str


@dataclass(frozen=True, slots=True)
class PaidRun:
    """The run that the item paid, and its record."""

    record: str
    run_id: str
    status: str
    reason: str
    finished_at: str


@dataclass(frozen=True, slots=True)
class CreditWhy:
    """`history` contains every post for the same work, including this one.

    `task` is the manifest of the ordered work; empty if it is no longer kept.
    """

    tenant_id: str
    work_order_id: str
    item: Posted
    transaction_type: str
    transaction_amount_credits: int
    reason_code: str
    transaction_note: str
    price: Price | None
    task: Mapping[str, Any]
    history: tuple[Posted, ...]
    run: PaidRun | None


def found(records: Sequence[Record], item_id: str) -> tuple[Record, Posted] | None:
    """The record and the row of an item's id; None if no post has it."""
    return next(((record, posted(record, item)) for record in records for item in record.post.items
                 if derived_id(item.key) == item_id), None)


def items_of_transaction(records: Iterable[Record], transaction_id: str) -> tuple[str, ...] | None:
    """The ids of a transaction's items; None if the transaction does not exist."""
    return next((tuple(derived_id(item.key) for item in record.post.items) for record in records
                 if derived_id(record.post.key) == transaction_id), None)


def credit_why(
    records: Sequence[Record],
    record: Record,
    row: Posted,
    prices: PriceList,
    run: RunRecord | None,
    run_file: str,
    task: Mapping[str, Any],
) -> CreditWhy:
    """Explain an item.

    `run` is the step's newest record; it counts only if it has the item's task hash. `task` is the
    manifest of that hash, or empty.
    """
    post = record.post
    ours = run if run and run.task_hash == row.task_hash else None
    history = tuple(posted(each, item) for each in records for item in each.post.items
                    if (item.task_hash, item.deliverable_id) == (row.task_hash, row.deliverable_id))
    own = PaidRun(run_file, ours.run_id, ours.status.value, ours.reason, ours.finished_at) if (
        ours and ours.refund_epoch == row.refund_epoch) else None
    return CreditWhy(
        post.tenant_id,
        post.work_order_id,
        row,
        post.type.value,
        post.amount_credits,
        post.reason_code,
        post.note,
        _price(prices, row),
        ours.task if ours else task,
        history,
        own,
    )


def _price(prices: PriceList, row: Posted) -> Price | None:
    """The price row in force on the (UTC) day of the post."""
    price = prices.in_force(
        row.module_id, row.deliverable_id, date.fromisoformat(row.posted_at[:10])
    )
    if price is None:
        return None
    return Price(
        str(price.place),
        price.price_credits,
        str(price.effective_from),
        str(price.effective_to or ""),
    )


def as_json(answer: CreditWhy) -> dict[str, Any]:
    return asdict(answer)


def as_text(answer: CreditWhy) -> str:
    """One line per fact, named in the first column."""
    row = answer.item
    sold = ("the platform's own item" if is_internal(row.deliverable_id)
            else "a deliverable that was bought")
    facts = [
        (row.type, f"{in_credits(row.amount_credits)}, item {row.transaction_item_id}"),
        (
            "posted",
            f"{row.posted_at} in transaction {row.transaction_id} ({answer.transaction_type} "
            f"{answer.transaction_amount_credits}; "
            f"{answer.reason_code or answer.transaction_note})",
        ),
        (
            "for",
            f"tenant {answer.tenant_id}, order {answer.work_order_id}, step {row.step_id} "
            f"({row.module_id}), "
            f"{row.deliverable_id}, {sold}",
        ),
        ("price", _price_words(answer)),
        ("task", row.task_hash + (":" if answer.task else "; its manifest is no longer kept")),
        *(("", f"{name} {shown(value)}") for name, value in _ordered(answer.task) if answer.task),
        (
            "epoch",
            f"{row.refund_epoch}: "
            + (
                f"it was refunded {counted(row.refund_epoch, 'time')} before"
                if row.refund_epoch
                else "it was not refunded before"
            ),
        ),
        *(
            (
                "",
                f"{each.posted_at} {each.type} {each.amount_credits} {each.note or 'charged'}, "
                f"item {each.transaction_item_id}",
            )
            for each in answer.history
            if each != row
        ),
        ("run", _run_words(answer)),
    ]
    return "\n".join(f"{name:<8}{words}" for name, words in facts)


def _price_words(answer: CreditWhy) -> str:
    price, row = answer.price, answer.item
    if row.type == "REFUND":
        return "the paid credits are refunded" + (f": {row.note}" if row.note else "")
    if price is None:
        return "no price was in force on that day" if row.amount_credits else "free"
    words = f"{in_credits(price.price_credits)} since {price.effective_from}, {price.place}"
    if price.price_credits == -row.amount_credits:
        return words
    return f"{words}; the price list was edited since"


def _ordered(task: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields of a task manifest that are not shown yet; each input and binding separately."""
    yield "module_version", task.get("module_version")
    yield from (
        (f"inputs.{port}", value)
        for port, value in task.get("inputs", {}).items()
        if value is not None
    )
    for pointer, binding in task.get("bindings", {}).items():
        yield from ((f"bindings.{pointer}.{name}", value) for name, value in binding.items())
    yield from ((name, task[name]) for name in ("deliverables", "period") if task.get(name))


def _run_words(answer: CreditWhy) -> str:
    run = answer.run
    if run is None:
        return "a later run replaced its record, or the record is not on this machine"
    return (
        f"{run.run_id}, {run.status} {run.reason}".rstrip() + f" at {run.finished_at}, {run.record}"
    )
