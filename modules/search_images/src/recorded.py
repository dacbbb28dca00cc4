"""Answers from the module's fixtures, for profiles with `external_services: recorded`.

They are the same few items for every query, rotated by the query so that two queries do not give
one list. The fixtures say themselves where they come from; nothing here looks like an answer about
the query.
"""
import hashlib
import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


class Recorded:
    """The fixtures: `origin` in words, items in the API's own form, and the pictures that they link
    to."""

    def __init__(self, folder: Path = FIXTURES) -> None:
        self._folder = folder
        answers = json.loads((folder / "answers.json").read_bytes())
        self.origin: str = answers["origin"]
        self._items: list[dict[str, Any]] = answers["items"]
        self._files: dict[str, str] = answers["files"]

    def items(self, query: str, wanted: int) -> list[dict[str, Any]]:
        """Up to `wanted` items, as many as there are fixtures at most."""
        turn = hashlib.sha256(query.encode()).digest()[0] % len(self._items)
        return [*self._items[turn:], *self._items[:turn]][:wanted]

    def fetch(self, link: str) -> bytes:
        """The picture behind a link of a fixture."""
        return (self._folder / self._files[link]).read_bytes()
