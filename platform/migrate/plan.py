"""The migration of one module: what each part becomes, and the new text of its contract. Pure."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platform.config.read import Document, read_yaml
from platform.config.schema import problems_of, schema_faults
from platform.migrate.beside import of_file
from platform.migrate.fields import planned, without_empty_maps
from platform.migrate.finding import FieldChange
from platform.model.problem import Problem
from platform.scaffold.yaml_edit import CannotEdit, Change, edited

CONTRACT = "module.yml"
_BOM = "\ufeff"
_EMPTY = "file-empty"  # of a file beside the contract: it says nothing


@dataclass(frozen=True, slots=True)
class Migration:
    """What `migrate` does with one module. `text` is the new contract, or None if it does not
    change. `retired` are the files that are moved to the backup. `left` are the problems that a
    person must solve: files that cannot be read, and errors of the new contract."""

    findings: tuple[FieldChange, ...] = ()
    left: tuple[Problem, ...] = ()
    text: str | None = None
    retired: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        return self.text is not None or bool(self.retired)

    @property
    def complete(self) -> bool:
        """Whether nothing is left for a person."""
        return not self.left and not any(found.becomes.by_hand for found in self.findings)


def migration(contract: Document, beside: Mapping[str, Document]) -> Migration:
    """The migration of a contract and of the earlier files in its directory, by name."""
    unread = [problem for document in (contract, *beside.values()) for problem in document.problems
              if document is contract or problem.code != _EMPTY]
    if unread or not isinstance(contract.value, Mapping):
        return Migration(left=tuple(unread) or (_no_map(contract),))
    value, source = contract.value, contract.source
    fields = list(planned(value))
    findings = [FieldChange(source.place(*field.path, "~key"), _name(field.path, value), becomes)
                for field, becomes in fields]
    changes: list[Change] = [change for _, becomes in fields if not becomes.by_hand
                             for change in becomes.changes]
    retired = [name for name, document in beside.items() if document.problems]
    findings += [found for name, document in beside.items() for found in of_file(name, document)]
    findings.sort(key=lambda found: found.place)
    try:
        text = edited(contract.text, without_empty_maps(value, changes)) if changes else None
    except CannotEdit as error:
        where = Problem(source.place(), "earlier-format",
                        f"{error} has a layout that migrate cannot edit",
                        "change these fields by hand")
        return Migration(tuple(findings), (where,))
    left = [] if text is None and not findings else _errors(text or contract.text, source.file)
    return Migration(tuple(findings), tuple(left), text, tuple(retired))


def with_marks_of(before: bytes, text: str) -> bytes:
    """The new text as bytes, with the byte order mark of the old ones."""
    return (_BOM if before.startswith(_BOM.encode()) else "").encode() + text.encode()


def _errors(text: str, file: str) -> list[Problem]:
    """The errors of the new contract against its schema; earlier fields that are left are
    findings."""
    document = read_yaml(text.encode(), file)
    faults = schema_faults("module", document.value)
    earlier = {field.path for field, _ in planned(document.value)}
    found = [fault for fault in faults if fault.path not in earlier]
    return [*document.problems, *problems_of(found, document.source)]


def _no_map(contract: Document) -> Problem:
    return Problem(contract.source.place(), "wrong-type", "the file must be a map of fields",
                   "write a module contract")


def _name(path: tuple[str | int, ...], contract: Mapping[str, Any]) -> str:
    """A field's name as its author thinks of it: `topic.case_sensitive`, `cache.enabled`."""
    named: list[str] = []
    value: Any = contract
    for part in path:
        value = value[part]
        if isinstance(part, int) and isinstance(value, Mapping):
            named = [str(value.get("id", value.get("deliverable_id", part)))]
        else:
            named.append(str(part))
    return ".".join(named)
