"""`maintenance [--check]`: write the derived indexes, or name what drifted (the file and its first wrong row)."""
import argparse

from platform.commands.common import add_json, add_places, open_session, show
from platform.errors import InputError
from platform.maintain.files import FOLDER, drift, everything, path_of, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when a file is not right")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every index is right (now); 1 with --check when one is not; 10 when what they are made of is wrong."""
    session = open_session(arguments)
    wrong = [problem for problem in session.problems if not problem.warning]
    if wrong:
        raise InputError(wrong)
    tables = {path_of(session.root, name): data
              for name, data in everything(session.repo, session.module_codes()).items()}
    if arguments.check:
        drifted = [line for path, data in tables.items() if (line := drift(path, data))]
        show(arguments, {"drift": drifted}, "\n".join(drifted) or f"{len(tables)} files in {FOLDER}/ are right")
        return 1 if drifted else 0
    written = [f"{FOLDER}/{path.name}" for path, data in tables.items() if write(path, data)]
    show(arguments, {"written": written}, "\n".join(written) or f"{len(tables)} files in {FOLDER}/ were right already")
    return 0
