"""`maintenance [--check]`: write the derived files, or report which of them are out of date.

For a file that is out of date, it prints the first wrong row and its column. It also compares the
reasons and refunds in each module's README with those of the platform."""
import argparse
import subprocess
from dataclasses import asdict
from pathlib import Path

from platform.commands.common import add_json, add_places, open_run, show
from platform.console.ci import with_annotations
from platform.errors import InputError, UsageError
from platform.maintain.changed import changed_modules
from platform.maintain.drift import drift
from platform.maintain.files import INDEX, everything, file_of, read_derived, write
from platform.maintain.readmes import wrong_reasons
from platform.model.problem import Problem
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--check", action="store_true",
                        help="write nothing; 1 if a file is out of date")
    parser.add_argument("--since", default="", metavar="COMMIT",
                        help="warn about modules whose code changed without a new version since "
                             "this commit's index (default: since the index on disk)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: every file is up to date, or has now been written.
    * 1: with --check, a file is out of date.
    * 10: the repository has errors, so the files cannot be derived."""
    run = open_run(arguments)
    wrong = [problem for problem in run.snapshot.problems if not problem.warning]
    if wrong:
        raise InputError(wrong)
    root = run.workspace.root
    index = (
        _index_of(root, arguments.since)
        if arguments.since
        else read_derived(root / file_of(INDEX)) or b""
    )
    warnings = list(changed_modules(run.facts, index))
    untrue = list(wrong_reasons(run.facts, lambda file: read_derived(root / file)))
    files = {file_of(name): data for name, data in everything(root, run.facts).items()}
    if arguments.check:
        found = (drift(file, read_derived(root / file), data) for file, data in files.items())
        drifted = [*(problem for problem in found if problem), *untrue]
        text = with_annotations([*drifted, *warnings], root)
        show(
            arguments,
            {
                "drift": [_as_json(one) for one in drifted],
                "warnings": [_as_json(one) for one in warnings],
            },
            "\n".join(
                filter(
                    None,
                    [text, "" if drifted else f"up to date: {counted(len(files), 'derived file')}"],
                )
            ),
        )
        return 1 if drifted else 0
    written = [file for file, data in files.items() if write(root / file, data)]
    text = with_annotations([*untrue, *warnings], root)
    show(arguments, {"written": written, "warnings": [_as_json(one) for one in warnings]},
         "\n".join(filter(None, [text, *written]))
         or f"already up to date: {counted(len(files), 'derived file')}")
    return 0


def _as_json(problem: Problem) -> dict[str, object]:
    return {**asdict(problem), "place": problem.place._asdict()}


def _index_of(root: Path, commit: str) -> bytes:
    """modules_index.csv of a commit; empty if the commit has none. UsageError for a wrong
    commit."""
    if commit.startswith("-"):
        raise UsageError(f"--since {commit}: not a commit; give a hash, a tag or a branch")
    git = ["git", "-C", str(root)]
    try:
        known = subprocess.run(
            [*git, "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError("--since needs git, which is not installed") from error
    if known.returncode:
        raise UsageError(f"--since {commit}: not a commit of this repository; a shallow clone has "
                         "only the newest commit (actions/checkout: fetch-depth: 0)")
    done = subprocess.run(
        [*git, "show", f"{commit}:./{file_of(INDEX)}"], capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else b""
