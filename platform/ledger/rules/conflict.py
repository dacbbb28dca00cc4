"""A conflict of two posts with one key, as a value: what differs, so that a command can say what to
do."""
from typing import Any

from platform.errors import ConflictError
from platform.ledger.rules.body import body_of, difference
from platform.model.entry import Post


class PostConflict(ConflictError):
    """`known` is in the journal; `new` has its key and another body, and was not posted."""

    def __init__(self, known: Post, new: Post) -> None:
        self.known, self.new = known, new
        self.field, self.old_value, self.new_value = _differs(known, new)
        super().__init__(f"{self.what}; nothing was posted, use another reference for another post")

    @property
    def what(self) -> str:
        """Which field differs, and how."""
        return (f"{self.new.kind} was posted before with {self.field} {self.old_value!r}, "
                f"now it says {self.new_value!r}")


def _differs(known: Post, new: Post) -> tuple[str, Any, Any]:
    for name in ("tenant_id", "kind"):
        if getattr(known, name) != getattr(new, name):
            return name, getattr(known, name), getattr(new, name)
    return difference(body_of(known), body_of(new))
