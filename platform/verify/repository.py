"""The invariants of a repository.

The files that people write are valid, derived files are up to date, and git contains no output of a
run and no secret.
"""
import json
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from platform.app.run import Run
from platform.check.conform import faults, validator
from platform.check.secrets import secrets_in
from platform.config.read import read_yaml
from platform.confined import read_file
from platform.model.ids import RUN_CHARGE
from platform.model.words import counted
from platform.toolfiles import SCHEMAS
from platform.verify.command_check import CLI, command_check
from platform.verify.verdict import Check
from platform.verify.workflows import unsafe

# Directories whose names begin with one of these are never in git.
MADE_BY_RUNS = (".billing-state", "runtime", "outbox", "deliveries")
SHOWN = 3  # the number of files that a check names
LARGEST = 2**20  # bytes of the largest file that is searched for secrets


def written(run: Run) -> Iterator[Check]:
    """The files that people write are consistent, and each schema allows its own examples."""
    errors = [str(problem) for problem in run.snapshot.problems if not problem.warning]
    yield Check(
        "consistency",
        not errors,
        "; ".join(errors) or counted(len(run.snapshot.repo.orders), "work order"),
    )
    yield _prices(run)
    for file in sorted(SCHEMAS.glob("*.schema.json")):
        yield _schema(file)


def invariants(run: Run) -> Iterator[Check]:
    """`written`, derived files, workflows, and the contents of git."""
    yield from written(run)
    profile = ["--runtime-profile", run.workspace.options.runtime_profile]
    check_files = [*CLI, "maintenance", "--check", *profile]
    yield command_check("maintenance", check_files, run.workspace.root)
    yield _workflows(run.workspace.root)
    tracked = _tracked(run.workspace.root)
    yield _nothing_made(tracked)
    yield _no_secrets(run.workspace.root, tracked)


def nothing_changed(root: Path) -> Check:
    """No tracked file was changed."""
    changed = [line[3:] for line in _git(root, "status", "--porcelain", "--untracked-files=no")]
    return Check(
        "git",
        not changed,
        f"changed: {', '.join(changed)}" if changed else "no tracked file was changed",
    )


def _prices(run: Run) -> Check:
    """Everything that can be bought has a price today."""
    repo, today = run.snapshot.repo, run.snapshot.now.date()
    wanted = [(contract.module_id, item) for contract in repo.contracts.values()
              for item in (RUN_CHARGE, *contract.deliverables)]
    missing = [" ".join(item) for item in wanted if repo.prices.in_force(*item, today) is None]
    return Check(
        "prices",
        not missing,
        f"no price: {', '.join(missing)}" if missing else counted(len(wanted), "item"),
    )


def _schema(file: Path) -> Check:
    document = json.loads(file.read_bytes())
    examples = document.get("examples", [])
    wrong = [fault.what for example in examples for fault in faults(validator(document), example)]
    detail = "; ".join(wrong) or (
        counted(len(examples), "example") if examples else "has no examples"
    )
    return Check(
        f"schema {file.name.removesuffix('.schema.json')}", bool(examples) and not wrong, detail
    )


def _workflows(root: Path) -> Check:
    files = sorted(
        [*root.glob(".github/workflows/*.y*ml"), *root.glob(".github/actions/*/action.y*ml")]
    )
    found = [str(problem) for file in files
             for problem in unsafe(read_yaml(file.read_bytes(), str(file.relative_to(root))))]
    return Check("workflows", not found, "; ".join(found) or counted(len(files), "file"))


def _nothing_made(tracked: list[str]) -> Check:
    made = [
        name for name in tracked if name.startswith(MADE_BY_RUNS) and Path(name).name != "README.md"
    ]
    return Check("nothing of a run in git", not made, _some(made) or counted(len(tracked), "file"))


def _no_secrets(root: Path, tracked: list[str]) -> Check:
    """Tests are not searched: they contain invented secrets."""
    found = []
    for name in tracked:
        file = root.resolve() / name
        try:
            text = (
                ""
                if name.startswith("tests/")
                else read_file(file, LARGEST).decode(errors="replace")
            )
        except OSError:  # a link, or too large: people do not write such files
            continue
        found += [
            f"{name}:{text.count(chr(10), 0, at) + 1} looks like {what}"
            for at, what in secrets_in(text)
        ]
    return Check("no secret in git", not found, _some(found))


def _some(found: list[str]) -> str:
    return ", ".join(islice(found, SHOWN)) + (
        f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    )


def _tracked(root: Path) -> list[str]:
    """The tracked files; empty without git or outside a checkout."""
    return [line for line in _git(root, "ls-files", "-z", split="\0") if line]


def _git(root: Path, *words: str, split: str = "\n") -> list[str]:
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return []
    return [line for line in done.stdout.split(split) if line] if done.returncode == 0 else []
