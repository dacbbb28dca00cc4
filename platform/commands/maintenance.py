"""`maintenance [--check]`: write the derived files, or name what drifted: the file, its first wrong row, the column.
What people write in modules' READMEs of reasons and refunds is held against the platform's too."""
import argparse
import subprocess
from dataclasses import asdict
from pathlib import Path

from platform.commands.common import add_json, add_places, open_run, show
from platform.console.ci import with_annotations
from platform.errors import InputError, UsageError
from platform.maintain.changed import changed_modules
from platform.maintain.drift import drift
from platform.maintain.files import INDEX, everything, file_of, read, write
from platform.maintain.readmes import wrong_reasons
from platform.model.problem import Problem
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when a file is not right")
    parser.add_argument("--since", default="", metavar="COMMIT",
                        help="warn of modules whose code changed under the same version since this commit's index "
                             "(default: since the index that lies there)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every file is right (now); 1 with --check when one is not; 10 when what they are made of is wrong."""
    run = open_run(arguments)
    wrong = [problem for problem in run.snapshot.problems if not problem.warning]
    if wrong:
        raise InputError(wrong)
    root = run.workspace.root
    index = _index_of(root, arguments.since) if arguments.since else read(root / file_of(INDEX)) or b""
    warnings = list(changed_modules(run.facts, index))
    untrue = list(wrong_reasons(run.facts, lambda file: read(root / file)))
    files = {file_of(name): data for name, data in everything(root, run.facts).items()}
    if arguments.check:
        found = (drift(file, read(root / file), data) for file, data in files.items())
        drifted = [*(problem for problem in found if problem), *untrue]
        told = with_annotations([*drifted, *warnings], root)
        show(arguments, {"drift": [_as_json(one) for one in drifted], "warnings": [_as_json(one) for one in warnings]},
             "\n".join(filter(None, [told, "" if drifted else f"right: {counted(len(files), 'derived file')}"])))
        return 1 if drifted else 0
    written = [file for file, data in files.items() if write(root / file, data)]
    told = with_annotations([*untrue, *warnings], root)
    show(arguments, {"written": written, "warnings": [_as_json(one) for one in warnings]},
         "\n".join(filter(None, [told, *written])) or f"right already: {counted(len(files), 'derived file')}")
    return 0


def _as_json(problem: Problem) -> dict[str, object]:
    return {**asdict(problem), "place": problem.place._asdict()}


def _index_of(root: Path, commit: str) -> bytes:
    """modules_index.csv as a commit has it. UsageError when git cannot tell; nothing when the commit has none."""
    if commit.startswith("-"):
        raise UsageError(f"--since {commit}: is no commit")
    git = ["git", "-C", str(root)]
    try:
        known = subprocess.run([*git, "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"], capture_output=True,
                               check=False)
    except FileNotFoundError as error:
        raise UsageError("--since needs git, which is not installed") from error
    if known.returncode:
        raise UsageError(f"--since {commit}: is no commit of this repository; a shallow clone has only its newest "
                         "(actions/checkout: fetch-depth: 0)")
    done = subprocess.run([*git, "show", f"{commit}:./{file_of(INDEX)}"], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
