"""`upgrade [--check]`: bring the files up to date that the tool wrote into a workspace.

It replaces a file only if nobody edited it. For an edited one it shows the difference."""
import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from difflib import unified_diff

from platform import called, toolfiles
from platform.app.upgrading import Upgrade, apply, convert, upgrade_of
from platform.app.workspace import Workspace
from platform.commands.common import add_json, root, show
from platform.errors import UsageError
from platform.model.characters import printable
from platform.model.words import counted
from platform.scaffold.checkout import KEPT
from platform.scaffold.upgrade import AgeState, Outdated

_MEANS = {
    AgeState.MISSING: "new in this version",
    AgeState.OLDER: "of version {}",
    AgeState.EDITED: "edited here, and different in this version",
    AgeState.HEADER: "its header leads to the schema of another version",
    AgeState.PIN: "names another version",
    AgeState.UNUSED: "of version {}, and no longer used",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true",
                        help="write nothing; 1 if a file is older than the tool")
    parser.add_argument("--replace", action="append", default=[], metavar="FILE",
                        help="also replace this edited file; may be repeated")
    parser.add_argument("--keep", action="append", default=[], metavar="FILE",
                        help="keep this edited file as it is, and report it no more until the "
                             "tool's own file changes again; may be repeated")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: nothing is older than the tool, or it was brought up to date.
    * 1: with --check, something is older; without it, an edited file remains to be merged.
    * 2: a later version wrote the workspace, or --replace or --keep names a file that is not
      edited."""
    workspace = Workspace.open(root(arguments))
    found = upgrade_of(workspace)
    edited = [one.path for one in found.files if one.state is AgeState.EDITED]
    for path in (*arguments.replace, *arguments.keep):
        if path not in edited:
            raise UsageError(f"{path}: not an edited file that is older than the tool; "
                             f"{', '.join(edited) or 'there is none'}")
    written: list[str] = []
    if not arguments.check:
        if found.moves:
            today = datetime.now(UTC).date().isoformat()
            written = convert(workspace.root, found.moves, today)
            found = replace(found, files=upgrade_of(workspace).files)
        if not toolfiles.is_checkout(workspace.root):
            written += apply(workspace.root, found.files, arguments.replace, arguments.keep)
    decided = {*arguments.replace, *arguments.keep}
    left = [one for one in found.files if one.state is AgeState.EDITED and one.path not in decided]
    shown = found.files if arguments.check else left
    lines = [*_changes(found, arguments.check, written), *_described(shown, arguments.check)]
    show(arguments, {
        "version": toolfiles.version(),
        "files": [{"path": one.path, "state": one.state, "version": one.version}
                  for one in found.files],
        "moves": found.moves,
        "modules_different": found.different,
        "old_records": found.old_records,
        "written": written,
    }, "\n".join(lines))
    return int(found.is_needed if arguments.check else bool(left))


def _changes(found: Upgrade, check: bool, written: list[str]) -> Iterator[str]:
    if found.moves:
        yield (f"this workspace contains the code of another version of the tool; "
               f"{'`upgrade` moves' if check else 'moved'} to {KEPT}/:")
        yield from (f"  {path}" for path in found.moves)
        if not check:
            yield (f"nothing reads {KEPT}/ any more; delete it when everything works. Next: "
                   f"`{called.command('consistency-validate')}`")
    for name in found.different:
        if f"modules/{name}" in found.moves:
            yield (f"modules/{name}: differs from the built-in module; if the difference is yours, "
                   f"move it back and write `replaces: {name}` in its module.yml")
        else:
            yield (f"modules/{name}: has another version than the built-in module; delete it to "
                   f"use that one, or write `replaces: {name}` in its module.yml")
    yield from (f"written  {path}" for path in written)
    if found.old_records:
        yield (f"{counted(found.old_records, 'run record')} of an earlier format: the next run "
               "repeats these steps, free of charge")
    if not found.is_needed and not written:
        yield f"up to date with version {toolfiles.version()}"


def _described(files: Iterable[Outdated], check: bool) -> Iterator[str]:
    for one in files:
        yield f"{one.state:8} {one.path}: {_MEANS[one.state].format(one.version)}"
        if one.state is AgeState.EDITED and not check:
            yield from _difference(one)
            yield (f"merge it, then `{called.command(f'upgrade --keep {one.path}')}`; or take the "
                   f"tool's: `{called.command(f'upgrade --replace {one.path}')}`")


def _difference(one: Outdated) -> Iterator[str]:
    yours, ours = ((data or b"").decode("utf-8", "replace").splitlines()
                   for data in (one.now, one.new))
    names = f"{one.path} (yours)", f"{one.path} ({toolfiles.version()})"
    yield from map(printable, unified_diff(yours, ours, *names, lineterm=""))
