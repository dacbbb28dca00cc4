"""`migrate DIR [--write]`: bring module contracts of the earlier format into this one.

Without --write, it only reports, line by line, what each field becomes."""
import argparse
import sys

from platform import called
from platform.commands.common import add_json, show
from platform.errors import InputError
from platform.migrate.plan import Migration
from platform.migrate.tree import EarlierModule, modules_below, planned_migration, write_migration
from platform.model.characters import printable
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR",
                        help="a module, a directory of modules, or a workspace")
    parser.add_argument("--write", action="store_true",
                        help="change the contracts, and move the earlier files to .earlier/ beside "
                             "the modules (default: only report)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: there is nothing to migrate, or everything was written.
    * 1: there is something to migrate, and --write was not given.
    * 10: a file cannot be read, or a person must decide something.
    """
    found, wrong = modules_below(arguments.dir)
    plans = [(module, planned_migration(module)) for module in found]
    written = []
    for module, plan in plans:
        if arguments.write and plan.changes:
            written.append(write_migration(module, plan))
    problems = [*wrong, *(problem for _, plan in plans for problem in plan.left)]
    findings = [finding for _, plan in plans for finding in plan.findings]
    if not arguments.json:
        sys.stderr.write("".join(f"{printable(str(problem))}\n" for problem in problems))
    show(arguments, {
        "findings": [finding.as_json() for finding in findings],
        "problems": [str(problem) for problem in problems],
        "migrated": [file for files, _ in written for file in files],
        "backups": [backup for _, backup in written],
    }, "\n".join([*(printable(str(finding)) for finding in findings),
                  *(f"migrated {', '.join(files)}; the earlier version is in {backup}"
                    for files, backup in written),
                  *([_summary(arguments, plans)] if plans or not wrong else [])]))
    if wrong or any(not plan.complete for _, plan in plans):
        return InputError.exit_status
    return 1 if not arguments.write and any(plan.changes for _, plan in plans) else 0


def _summary(arguments: argparse.Namespace, plans: list[tuple[EarlierModule, Migration]]) -> str:
    fields = sum(len(plan.findings) for _, plan in plans)
    changed = sum(plan.changes for _, plan in plans)
    by_hand = sum(found.becomes.by_hand for _, plan in plans for found in plan.findings)
    by_hand += sum(len(plan.left) for _, plan in plans)
    modules = counted(len(plans), "module")
    person = f"; {counted(by_hand, 'line')} for a person to decide" if by_hand else ""
    if not fields and not by_hand:
        return f"{modules}: nothing to migrate"
    if not changed:
        return f"{modules}: nothing that migrate can change{person}"
    if arguments.write:
        return (f"{modules}: {counted(changed, 'module')} migrated{person}; "
                f"next: {called.command('consistency-validate')}")
    return (f"{modules}: {counted(fields, 'line')} in {counted(changed, 'module')} to migrate"
            f"{person}; nothing was written; --write does it")
