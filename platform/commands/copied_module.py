"""`new module --from MODULE`: read the module to copy, and what its copy needs elsewhere."""
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from platform.app.snapshot import Snapshot
from platform.app.workspace import Workspace
from platform.check.money import PRICES
from platform.check.words import suggestion
from platform.confined import read_file
from platform.errors import InputError, UsageError
from platform.files import files_below
from platform.model.characters import one_line
from platform.model.contract import Contract
from platform.model.ids import RUN_CHARGE
from platform.model.repo import Repo
from platform.owned import storage_error
from platform.scaffold.copied import copied_files, copied_rows
from platform.scaffold.yaml_edit import CannotEdit

_LARGEST_FILE = 256 << 20  # bytes; a fixture is far smaller


@dataclass(frozen=True, slots=True)
class NewModule:
    """The files of a new module by their paths below its directory, its rows of the price table,
    and what the operator still has to decide, one line each."""

    files: dict[str, bytes]
    rows: str
    hints: tuple[str, ...]


def copied_module(root: Path, source_id: str, module_id: str, name: str,
                  today: date) -> NewModule:
    """A copy of a module of this workspace, of an installed package, or of the tool.

    Raises:
        UsageError: there is no such module.
        InputError: it has errors, or the layout of its contract cannot be edited.
    """
    snapshot = Snapshot(Workspace.open(root))
    repo = snapshot.repo
    if source_id not in repo.module_ids:
        raise UsageError(f"module {one_line(source_id)[:60]!r} does not exist; "
                         + suggestion(source_id, repo.module_ids, "see `catalogue`"))
    wrong = [problem for problem in snapshot.problems
             if not problem.warning and problem.subject == ("module", source_id)]
    if wrong:
        raise InputError(wrong)
    source = repo.contracts[source_id]
    try:
        files = copied_files(source, _read(root / repo.module_dir(source_id)), module_id, name)
    except CannotEdit as error:
        raise InputError([f"{source.source.file}: {error} has a layout that cannot be edited; copy "
                          "the module by hand"]) from error
    return NewModule(files, copied_rows(repo.prices, source, module_id, today),
                        tuple(_hints(repo, source, module_id, today)))


def _read(folder: Path) -> dict[str, bytes]:
    found = {}
    try:
        for below, path in files_below(folder):
            if "__pycache__" not in below.split("/") and not below.endswith(".pyc"):
                found[below] = read_file(path, _LARGEST_FILE)
    except OSError as error:
        raise storage_error(folder, "be read", error) from error
    return found


def _hints(repo: Repo, source: Contract, module_id: str, today: date) -> Iterator[str]:
    """What a module gets from files of the operator by its id."""
    granted = [secret.name for secret in source.secrets
               if repo.profile.grants(source.module_id, secret.name)]
    if repo.profile.module_secrets is not None and granted:
        yield (f"to give it secrets, add to module_secrets of {repo.profile.source.file}:  "
               f"{module_id}: [{', '.join(granted)}]")
    own = [reason.slug for reason in repo.reasons.by_slug.values()
           if reason.scope == source.module_id]
    if own:
        yield (f"config/reasons.yml has reasons of {source.module_id} alone: {', '.join(own)}; add "
               f"them with `scope: {module_id}` if it returns them")
    if not repo.prices.in_force(source.module_id, RUN_CHARGE, today):
        yield f"{source.module_id} has no price in {PRICES}; add rows for {module_id}"
