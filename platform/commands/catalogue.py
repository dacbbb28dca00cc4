"""`catalogue [MODULE]`: list the modules with what they do, their ports and today's prices.
Read-only."""
import argparse
from collections import Counter
from datetime import UTC, datetime

from platform.app.snapshot import Snapshot
from platform.check.words import suggestion
from platform.commands.common import add_json, add_profile, open_workspace, show
from platform.config.modules import module_places
from platform.confined import Folder
from platform.errors import InputError, UsageError
from platform.model.characters import one_line
from platform.report.catalogue import (
    FoundModule,
    ListedModule,
    as_json,
    as_page,
    as_table,
    as_tenants_see,
    listed,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_profile(parser)
    parser.add_argument("module", nargs="?", default="", metavar="MODULE",
                        help="everything about this module (default: a line for each)")
    parser.add_argument("--for-tenants", action="store_true",
                        help="only what an order can use: no limited ports, secrets and "
                             "directories, and no modules with errors or without a price")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0; 2 if the module does not exist; 10 if it has errors."""
    snapshot = Snapshot(open_workspace(arguments))
    day = datetime.now(UTC).date()
    modules = tuple(listed(each, snapshot.repo.prices, day) for each in _found(snapshot))
    if arguments.module:
        modules = (_named(arguments.module, modules, snapshot),)
    if arguments.for_tenants:
        modules = as_tenants_see(modules)
        if arguments.module and not modules:
            raise UsageError(f"{arguments.module} has no price today, so no order can use it")
    text = as_page(modules[0], day) if arguments.module else as_table(modules) or "no modules"
    show(arguments, as_json(modules, day), text)
    return 0


def _found(snapshot: Snapshot) -> list[FoundModule]:
    root, repo = snapshot.workspace.root, snapshot.repo
    with Folder.at(root) as top:
        places = module_places(root, top).places
    wrong = Counter(problem.subject[1] for problem in snapshot.problems
                    if problem.subject[:1] == ("module",) and not problem.warning)
    return [FoundModule(name, each[0].owner, each[0].shown, repo.contracts.get(name), wrong[name])
            for name, each in places.items()]


def _named(name: str, modules: tuple[ListedModule, ...], snapshot: Snapshot) -> ListedModule:
    found = next((module for module in modules if module.module_id == name), None)
    if found is None:
        raise UsageError(f"module {one_line(name)[:60]!r} does not exist; "
                         + suggestion(name, [module.module_id for module in modules],
                                      "`catalogue` lists all"))
    if found.problems:
        raise InputError([problem for problem in snapshot.problems
                          if not problem.warning and problem.subject == ("module", name)])
    return found
