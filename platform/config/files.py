"""Reads one YAML file into a value that conforms to its schema, and collects all its problems."""
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from platform import called
from platform.check.conform import MAX_FAULTS
from platform.check.earlier import EarlierField, earlier_fields
from platform.check.secrets import secrets_in
from platform.config.read import MAX_BYTES, Document, read_yaml
from platform.config.schema import problems_of, schema_faults
from platform.config.text import place_in, read_bytes, shown_file
from platform.config.valid import Valid
from platform.confined import Folder
from platform.model.problem import Problem, SourceFile


@dataclass(slots=True)
class FoundValue:
    """`value` conforms to its schema, or is None if the file cannot be used. `draft`: the file says
    enabled: false."""

    source: SourceFile
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    draft: bool = False


def read_value(folder: Folder, name: str, kind: str, subject: tuple[str, ...], valid: Valid, *,
               sole: bool = False) -> FoundValue:
    """The value of a YAML file below a directory, with the schema `kind`.

    Its problems stop `subject`; the problems of a draft are warnings. A file that `valid` contains
    is not validated again; a file without problems is added to it."""
    data = read_bytes(folder, name, MAX_BYTES, sole=sole)
    return value_of(data, shown_file(folder.named(name)), kind, subject, valid)


def value_of(
    data: bytes | Problem, file: str, kind: str, subject: tuple[str, ...], valid: Valid
) -> FoundValue:
    """As `read_value`, from bytes, or from the problem of reading them."""
    if isinstance(data, Problem):
        return FoundValue(SourceFile(file), problems=[_about(data, subject)])
    return value_in(read_yaml(data, file), data, kind, subject, valid)


def value_in(
    document: Document, data: bytes, kind: str, subject: tuple[str, ...], valid: Valid
) -> FoundValue:
    """As `value_of`, from the document in the bytes `data`."""
    draft = document.says("enabled", False)
    if valid.holds(kind, data):
        return FoundValue(document.source, document.value, draft=draft)
    problems = [_about(problem, subject, draft) for problem in _all_problems(document, kind)]
    if not problems:
        valid.add(kind, data)
    usable = document.complete and all(problem.code == "likely-secret" for problem in problems)
    return FoundValue(document.source, document.value if usable else None, problems, draft)


def _all_problems(document: Document, kind: str) -> Iterator[Problem]:
    yield from document.problems
    for offset, looks_like in islice(secrets_in(document.text), MAX_FAULTS):
        yield Problem(place_in(document.text, offset, document.source.file), "likely-secret",
                      f"this looks like {looks_like}, and the file is in git",
                      "revoke it, and pass a new one to the module with requirements.secrets")
    earlier = min(earlier_fields(document.value), key=lambda field: document.source.place(
        *field.path, "~key"), default=None) if kind == "module" and document.complete else None
    if earlier is not None:
        yield _earlier(document, earlier)
    elif document.complete:
        found = [
            fault
            for fault in schema_faults(kind, document.value)
            if fault.path not in document.replaced
        ]
        yield from problems_of(found, document.source)


def _earlier(document: Document, field: EarlierField) -> Problem:
    """One error instead of one for each field: all of them have the same remedy."""
    return Problem(document.source.place(*field.path, "~key"), "earlier-format",
                   f"`{field.path[-1]}` is a field of the earlier contract format",
                   f"run `{called.command(f'migrate {_folder(document)}')}` to see what each field "
                   "becomes, then add --write")


def _folder(document: Document) -> str:
    return document.source.file.rpartition("/")[0] or "."


def _about(problem: Problem, subject: tuple[str, ...], draft: bool = False) -> Problem:
    return Problem(problem.place, problem.code, problem.what, problem.fix, subject, draft)
