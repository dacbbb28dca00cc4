"""Find a post by transaction id, transaction item id or idempotency key, or by a prefix. Pure."""
from collections.abc import Iterable, Iterator

from platform.errors import UsageError
from platform.ledger.journal.record import Record
from platform.model.characters import one_line
from platform.model.digest import derived_id
from platform.model.entry import sides

_SHOWN = 3  # the number of posts that a message names


def post_named(records: Iterable[Record], name: str) -> tuple[int, str]:
    """The number (from 0) of the post's line, and the key of the post or of its item.

    An exact match wins over prefixes. UsageError if no post matches, or more than one.
    """
    if not name:
        raise UsageError("the id of the post is empty; copy an id from the statement")
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
        raise UsageError(f"no post has the id {one_line(name)!r}; copy a transaction_id, "
                         "transaction_item_id or idempotency key from the statement")
    shown = ", ".join([*list(found)[:_SHOWN], *(["..."] if len(found) > _SHOWN else [])])
    raise UsageError(f"{len(found)} posts and items begin with {one_line(name)!r} ({shown}); "
                     "write more characters of the id")


def _keys(record: Record) -> Iterator[str]:
    """The keys of items first: evidence is an item with its post's key, and has more details."""
    yield from (item.key for item in record.post.items)
    yield from (side.key for side in sides(record.post))
