"""What errors.yml, validation.yml and requirements.yml beside an earlier contract become. Pure.

This format has their content in other files, where it decides about money and access. So a person
moves it: the report has a line for each entry, and says where the entry belongs. An empty file says
nothing; `migrate --write` moves it to the backup.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from platform.config.read import Document
from platform.migrate.finding import Becomes, FieldChange
from platform.model.problem import Path

_REASONS = ("a reason in config/reasons.yml, which says whether a failure is refunded; write it "
            "there, return its slug as reason_slug, and then remove it here")
FILES: Mapping[str, str] = {  # file -> what an entry of it becomes
    "errors.yml": _REASONS,
    "validation.yml": _REASONS,
    "requirements.yml": "an entry of requirements.secrets or requirements.vars in module.yml; "
                        "write it there, and then remove it here",
}


def of_file(name: str, document: Document) -> Iterator[FieldChange]:
    """A line for each entry of an earlier file, or one for an empty file."""
    if document.problems:
        yield FieldChange(document.source.place(), name, Becomes("removed; it is empty"))
        return
    for path in _entries(document.value, ()):
        shown = ".".join(map(str, path)) or name
        place = document.source.place(*path)
        yield FieldChange(place, shown, Becomes(FILES[name], by_hand=True))


def _entries(value: Any, path: Path) -> Iterator[Path]:
    """The items of a list, of the lists in a map, and the other fields of a map."""
    if isinstance(value, list):
        yield from ((*path, index) for index in range(len(value)))
    elif isinstance(value, Mapping) and value and not path:
        for name, item in value.items():
            yield from _entries(item, (name,))
    else:
        yield path
