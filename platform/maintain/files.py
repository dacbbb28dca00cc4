"""The derived files: their list, the sources of each, its correct bytes, and how it is written.

A file has the name of its task: a table's name, `secrets_template`, `maintenance_manifest`, or
`workflows/<file>` for the choice lists of one workflow.
"""
from collections.abc import Collection, Mapping
from pathlib import Path

from platform import toolfiles
from platform.confined import kind_at
from platform.errors import InputError
from platform.files import write_atomic
from platform.maintain import choices, secrets
from platform.maintain.facts import CONTRACTS, REASONS, RepositoryFacts
from platform.maintain.tables import TABLES
from platform.model.cells import as_csv
from platform.model.digest import sha256_hex
from platform.model.repo import Repo
from platform.toolfiles import is_checkout

STATE_FOLDER = "maintenance-state"
MANIFEST = "maintenance_manifest"
INDEX = "modules_index"
WORKFLOWS = ".github/workflows"
_FILES = {name: f"{STATE_FOLDER}/{name}.csv" for name in (*TABLES, MANIFEST)} | {
    secrets.SECRETS_NAME: f"{STATE_FOLDER}/{secrets.SECRETS_NAME}.env"}
LISTED = tuple(name for name in _FILES if name != MANIFEST)  # the files in the manifest


def file_of(name: str) -> str:
    """The path of a task's file, relative to the repository."""
    return _FILES.get(name) or f"{WORKFLOWS}/{name.partition('/')[2]}"


def derived(root: Path) -> tuple[str, ...]:
    """Every derived file that this repository has or should have; the manifest after its files."""
    found = sorted(
        path for pattern in ("*.yml", "*.yaml") for path in (root / WORKFLOWS).glob(pattern)
    )
    marked = (
        path.name
        for path in found
        if kind_at(path) == "file" and choices.has_markers(path.read_bytes())
    )
    return (*LISTED, MANIFEST, *(f"workflows/{name}" for name in marked))


def sources(root: Path, name: str) -> tuple[str, ...]:
    """Patterns of the sources of a file, except modules' code (`Table.code`) and the manifest's
    files."""
    if name in TABLES:
        return TABLES[name].sources
    return (
        secrets.SOURCES
        if name == secrets.SECRETS_NAME
        else choices.sources((root / file_of(name)).read_bytes())
    )


def outside(patterns: Collection[str], repo: Repo) -> list[str]:
    """The files outside the workspace that belong to the patterns: contracts and reasons that the
    tool or an installed package brings. Absolute paths."""
    found = []
    if CONTRACTS in patterns:
        found += [f"{folder}/module.yml" for _, folder in sorted(repo.module_dirs.items())]
    if REASONS in patterns and not is_checkout(Path(repo.root)):
        found.append(str(toolfiles.REASONS_TABLE))
    return found


def content(root: Path, name: str, facts: RepositoryFacts) -> bytes:
    """The correct bytes of one file; the manifest's digests are of the existing files.

    InputError for wrong markers.
    """
    if name == MANIFEST:
        return manifest({listed: (root / file_of(listed)).read_bytes() for listed in LISTED})
    if name in TABLES:
        return as_csv([TABLES[name].columns, *TABLES[name].rows(facts)])
    if name == secrets.SECRETS_NAME:
        return secrets.secrets_template(facts)
    data, problems = choices.rewritten((root / file_of(name)).read_bytes(), file_of(name), facts)
    if problems:
        raise InputError(problems)
    return data


def everything(root: Path, facts: RepositoryFacts) -> dict[str, bytes]:
    """The correct bytes of every file by name; the manifest's digests are of the correct bytes.

    InputError for wrong markers.
    """
    made = {name: content(root, name, facts) for name in derived(root) if name != MANIFEST}
    return {**made, MANIFEST: manifest({name: made[name] for name in LISTED})}


def manifest(files: Mapping[str, bytes]) -> bytes:
    """maintenance_manifest.csv: the digests of the other files' bytes, by file name."""
    named = {Path(file_of(name)).name: sha256_hex(data) for name, data in files.items()}
    return as_csv([("file", "sha256"), *sorted(named.items())])


def read_derived(path: Path) -> bytes | None:
    """The bytes of a derived file; None if the file is missing."""
    return path.read_bytes() if path.is_file() else None


def write(path: Path, data: bytes) -> bool:
    """Write a file unless it has these bytes already. Returns whether it was written.

    StorageError if it cannot be written.
    """
    if read_derived(path) == data:
        return False
    write_atomic(path, data)
    return True
