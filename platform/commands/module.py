"""`verify-module`: run a module's self-test like a step, in its sandbox, free of charge.

The test runs in a temporary directory."""
import argparse

from platform.commands.common import add_json, add_places, open_run, show
from platform.errors import InputError, UsageError
from platform.verify.module import verify_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument(
        "--module-id", default="", metavar="ID", help="this module only (default: all)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0 if every self-test passes, 1 if one fails, or 10 if a contract has errors."""
    run = open_run(arguments)
    names = [arguments.module_id] if arguments.module_id else sorted(run.snapshot.repo.contracts)
    known = run.snapshot.repo.module_ids
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"module {unknown[0]!r} does not exist; known: {', '.join(sorted(known))}")
    wrong = [problem for problem in run.snapshot.problems
             if not problem.warning and problem.subject in [("module", name) for name in names]]
    if wrong:
        raise InputError(wrong)
    results = {name: verify_module(run, run.snapshot.repo.contracts[name]) for name in names}
    lines = [f"{'FAILED' if problem else 'passed'}  {name}{'  ' + problem if problem else ''}"
             for name, problem in results.items()]
    show(arguments, {"modules": [{"module_id": name, "passed": not problem, "problem": problem}
                                 for name, problem in results.items()]}, "\n".join(lines))
    return 1 if any(results.values()) else 0
