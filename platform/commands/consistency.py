"""`consistency-validate`: check every file of the repository, and the references between files.

It also warns about modules whose code changed while their version did not, compared with
maintenance-state/modules_index.csv. It changes nothing."""
import argparse
import sys
from dataclasses import asdict

from platform.commands.common import add_json, add_places, open_run, show
from platform.console.ci import annotations
from platform.maintain.changed import changed_modules
from platform.maintain.files import INDEX, file_of, read_derived
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0 if there are no errors, 10 otherwise. Warnings are printed."""
    run = open_run(arguments)
    problems = (
        *run.snapshot.problems,
        *changed_modules(run.facts, read_derived(run.workspace.root / file_of(INDEX)) or b""),
    )
    errors = [problem for problem in problems if not problem.warning]
    repo = run.snapshot.repo
    whole = ", ".join([counted(len(repo.tenants), "tenant"),
                       counted(len(repo.orders) + len(repo.unreadable), "work order"),
                       counted(len(repo.contracts), "module")])
    summary = (
        f"{whole}: {counted(len(errors), 'error')}, "
        f"{counted(len(problems) - len(errors), 'warning')}"
    )
    result = {
        "errors": len(errors),
        "warnings": len(problems) - len(errors),
        "problems": [{**asdict(problem), "place": problem.place._asdict()} for problem in problems],
    }
    show(arguments, result, "\n".join([*map(str, problems), summary]))
    for line in annotations(problems, run.workspace.root):
        sys.stderr.write(line + "\n")  # stderr keeps stdout valid JSON; GitHub reads both
    return 10 if errors else 0
