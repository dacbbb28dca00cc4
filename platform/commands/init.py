"""`init DIR`: write a workspace that the operator owns, beside the installed tool.

It never overwrites a file, and writes all files or none."""
import argparse
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from platform import called
from platform.app.new_workspace import write_workspace
from platform.app.place import is_workspace
from platform.app.run import Run
from platform.app.tool import tool_of
from platform.app.workspace import Workspace
from platform.commands.common import add_json, show
from platform.errors import InputError, UsageError
from platform.maintain.files import everything, file_of
from platform.model.words import counted
from platform.scaffold.upgrade import RECORD, record_file, schema_files, written_by
from platform.scaffold.workspace import operator_files, tool_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the directory of the workspace; it may "
                        "exist and contain other files")
    parser.add_argument("--example", action="store_true",
                        help="also write a tenant with credits and two orders")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the workspace is written.
    * 2: a file exists already. All such files are listed, and nothing was written.
    * 15: the disk refused. Nothing was left."""
    folder = Path.cwd() / arguments.directory
    if folder.is_dir() and is_workspace(folder):
        command = called.command(f"-C {shlex.quote(arguments.directory)} upgrade")
        raise UsageError(f"{folder.resolve()}: is a workspace already; nothing was written; "
                         f"`{command}` brings it up to date")
    tool, today = tool_of(), datetime.now(UTC).date().isoformat()
    owned = {**tool_files(tool), **schema_files(tool)}
    files = operator_files(tool, today, example=arguments.example)
    record = {RECORD: record_file(written_by(tool, owned))}
    written = write_workspace(folder, {**owned, **files, **record}, _derived)
    show(arguments, {"directory": str(folder), "version": tool.version, "written": written},
         f"written  {folder}: {counted(len(written), 'file')} of version {tool.version}\n"
         f"next: read {folder / 'README.md'}, or check the workspace with "
         f"`{called.command(f'-C {shlex.quote(arguments.directory)} consistency-validate')}`")
    return 0


def _derived(folder: Path) -> Mapping[str, bytes]:
    """The derived files of a workspace that was just written, so that `maintenance --check` has
    nothing to report."""
    run = Run.looking(Workspace.open(folder))
    if wrong := [problem for problem in run.snapshot.problems if not problem.warning]:
        raise InputError(wrong)
    return {file_of(name): data for name, data in everything(folder, run.facts).items()}
