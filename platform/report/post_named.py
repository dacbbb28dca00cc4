"""Which post is meant: by transaction id, transaction item id or idempotency key, or the beginning of one. Pure."""
from collections.abc import Iterable, Iterator

from platform.errors import UsageError
from platform.ledger.journal.record import Record
from platform.model.characters import one_line
from platform.model.digest import derived_id
from platform.model.entry import sides

_TOLD = 3  # of the posts that a beginning fits


def post_named(records: Iterable[Record], name: str) -> tuple[int, str]:
    """The number (from 0) of the post's line, and the key of what is meant: the post's, or an item's. A whole id goes
    before beginnings. UsageError when none fits, or more than one."""
    if not name:
        raise UsageError("an empty name is no post's; take an id of the statement")
    found: dict[str, int] = {}
    for record in records:
        for key in _keys(record):
            ids = (key, derived_id(key))
            if name in ids:
                return record.seq - 1, key
            if any(each.startswith(name) for each in ids):
                found[key] = record.seq - 1
    if len(found) == 1:
        return next((index, key) for key, index in found.items())
    if not found:
        raise UsageError(f"no post is called {one_line(name)!r}; take a transaction_id, transaction_item_id or "
                         "idempotency key of the statement")
    told = ", ".join([*list(found)[:_TOLD], *(["..."] if len(found) > _TOLD else [])])
    raise UsageError(f"{len(found)} posts and items begin with {one_line(name)!r} ({told}); write more of it")


def _keys(record: Record) -> Iterator[str]:
    """Items first: evidence is an item with its post's own key, and the item says more."""
    yield from (item.key for item in record.post.items)
    yield from (side.key for side in sides(record.post))
