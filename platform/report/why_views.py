"""The answers of `why` as text and as JSON, with the same values. Pure."""
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from platform.report.why import ChargeWhy, ItemWhy, OrderWhy, PublishWhy, StepWhy
from platform.run.current import RunReason

_LONGEST = 70


def as_json(answer: OrderWhy | StepWhy | ChargeWhy | PublishWhy) -> dict[str, Any]:
    """The answer's fields."""
    return asdict(answer)


def as_text(answer: OrderWhy | StepWhy | ChargeWhy | PublishWhy) -> str:
    """One line per reason, with the old and the new value and the comparison."""
    if isinstance(answer, OrderWhy):
        return "\n".join(_order(answer))
    if isinstance(answer, PublishWhy):
        return "\n".join(_publish(answer))
    return "\n".join(_charge(answer) if isinstance(answer, ChargeWhy) else _step(answer))


def shown(value: Any) -> str:
    """A value as short text: the first 12 digits of a digest, or JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value[:12]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST - 3] + "..."


def change(old: Any, new: Any) -> str:
    """The old and the new value; empty if both are missing."""
    return "" if old is None and new is None else f": {shown(old)} -> {shown(new)}"


def _order(answer: OrderWhy) -> Iterator[str]:
    yield f"{answer.task}  {answer.verdict}" + (f": {answer.refusal}" if answer.refusal else "")
    yield from (f"  {problem}" for problem in answer.problems)
    for step in answer.steps:
        yield from _step(step)


def _publish(answer: PublishWhy) -> Iterator[str]:
    what = ("bought, made and not published" if answer.awaiting
            else "no finished purchase awaits publishing")
    yield f"{answer.task}  {answer.verdict}: {what}"
    for each in answer.awaiting:
        yield (
            f"  {each.step_id} {each.deliverable_id}  item {each.transaction_item_id} of "
            f"{each.posted_at}, "
            f"{each.artifact_name}"
        )


def _step(answer: StepWhy) -> Iterator[str]:
    yield f"{answer.task}  {answer.verdict}: {answer.words}"
    # The first line shows the reason of field "record".
    yield from (f"  {_reason(reason)}" for reason in answer.reasons if reason.field != "record")
    for cause in answer.because:
        yield f"    because step {cause.step_id}: {cause.words}{change(cause.old, cause.new)}"
    if answer.compared_with:
        run = answer.compared_with
        yield (
            f"  compared with run {run.run_id} of {run.finished_at} ({run.status}), task "
            f"{run.task_hash[:12]}"
        )
    yield from (f"  {line}" for line in _charge(answer.charge, "its part of "))


def _reason(reason: RunReason) -> str:
    # The causes of a changed task hash have their own lines.
    words = "its task hash changed" if reason.field == "task_hash" else reason.words
    source = f"  ({reason.source})" if reason.source else ""
    return words + change(reason.old, reason.new) + source


def _charge(answer: ChargeWhy, what: str = "") -> Iterator[str]:
    amount = f"{answer.credits} credit{'' if answer.credits == 1 else 's'}"
    verdict = {"charge": f"{amount} due", "paid": "all is paid",
               "refused": f"refused, {answer.refusal}; {amount} not paid"}[answer.verdict]
    yield f"{what}{answer.task}: {verdict}"
    yield from (f"  {_item(item)}" for item in answer.items)


def _item(item: ItemWhy) -> str:
    due = f"{item.price_credits} due" if item.due else "0 due"
    row = item.compared_with
    post = (
        f": {row.type} {row.amount_credits}, item {row.transaction_item_id} of {row.posted_at}, "
        f"task {row.task_hash[:12]}"
        if row
        else ""
    )
    return f"{item.step_id} {item.deliverable_id}  {due}, {item.words}{post}"
