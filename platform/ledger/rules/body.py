"""A post's body as JSON, and what differs between two. Pure."""
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from platform.model.entry import Post


def body_of(post: Post) -> dict[str, Any]:
    """A post's body as JSON: what a replay must equal. Key, kind and tenant are columns of the
    line."""
    return {
        "type": post.type.value,
        "amount_credits": post.amount_credits,
        "work_order_id": post.work_order_id,
        "reason_code": post.reason_code,
        "note": post.note,
        "metadata": dict(post.metadata),
        "items": [
            {
                "key": item.key,
                "module_id": item.module_id,
                "step_id": item.step_id,
                "deliverable_id": item.deliverable_id,
                "type": item.type.value,
                "amount_credits": item.amount_credits,
                "task_hash": item.task_hash,
                "refund_epoch": item.refund_epoch,
                "note": item.note,
                "metadata": dict(item.metadata),
            }
            for item in post.items
        ],
    }


def price_words(price_credits: int, effective_from: str) -> dict[str, Any]:
    """What an item's metadata says about the price row that it was charged by: credits and start of
    validity. Empty when the row is not known."""
    return (
        {"price": {"credits": price_credits, "effective_from": effective_from}}
        if effective_from
        else {}
    )


def is_replay(old: Post, new: Post) -> bool:
    """Whether two posts with one key are the same post although their bodies differ: only in
    metadata that explains an amount and does not determine it. An earlier version posted charges
    without a price row, and two clones may have had different rows."""
    return _bare(old) == _bare(new)


def _bare(post: Post) -> Post:
    return replace(
        post,
        items=tuple(
            replace(
                item,
                metadata={name: value for name, value in item.metadata.items() if name != "price"},
            )
            for item in post.items
        ),
    )


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The first place in which two bodies differ, and both values. ValueError for equal bodies.

    The place is the field's name. Inside metadata it is the inner name, and in an item it includes
    the item's number. Maps and lists are given as counts, because a message cannot show them.
    """
    for field in old:
        if old[field] != new.get(field):
            place, before, after = _inside(field, old[field], new.get(field))
            return place.removeprefix("metadata."), before, after
    raise ValueError("the bodies are equal")


def _inside(place: str, old: Any, new: Any) -> tuple[str, Any, Any]:
    """As `difference`, of two values that differ; None is a missing value."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        name = next(name for name in sorted({*old, *new}) if old.get(name) != new.get(name))
        return _inside(f"{place}.{name}", old.get(name), new.get(name))
    if isinstance(old, list) and isinstance(new, list):
        at = next(
            (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
            None,
        )
        if at is None:
            return f"number of {place}", len(old), len(new)
        return _inside(f"{place}[{at + 1}]", old[at], new[at])
    return place, _plain(old), _plain(new)


def _plain(value: Any) -> Any:
    return f"{len(value)} values" if isinstance(value, Mapping | list) else value
