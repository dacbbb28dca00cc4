"""`runs`: list past invocations, newest first. `runs show RUN`: print one with its tasks, or write
its report. Read-only."""
import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from platform.app.past_runs import LAST, PastRuns, viewed
from platform.app.run import Run
from platform.app.run_report import run_report
from platform.app.scope import scope_of
from platform.app.workspace import Workspace
from platform.called import command
from platform.check.words import nearest, suggestion
from platform.commands.common import (
    add_json,
    add_places,
    add_since,
    named,
    open_workspace,
    show,
    since_moment,
)
from platform.errors import UsageError
from platform.files import write_output
from platform.model.characters import one_line, printable
from platform.model.history import PastRun
from platform.model.utc import utc_text_ms
from platform.model.words import counted
from platform.report import invocations
from platform.report.run_report import as_html

_SHOW = "show"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("words", nargs="*", metavar="TENANT | show RUN",
                        help="only runs that worked for this tenant; or print one run with its "
                             "tasks: RUN is an id of the list, its first characters, or "
                             f"`{LAST}`")
    add_since(parser, "only runs that began at this time or later")
    parser.add_argument("--failed", action="store_true",
                        help="only runs that failed or were interrupted")
    parser.add_argument("--tenant-id", default="", metavar="ID",
                        help="only runs that worked for this tenant, and what they did for it")
    parser.add_argument("--limit", type=_positive, default=50, metavar="N",
                        help="the most lines of the list (default: %(default)s); --json lists all")
    parser.add_argument("--html", default="", metavar="FILE",
                        help="with `show`: write the run's report to this file, for a browser")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0. 2 for a time or a run that does not exist. 15 if the history cannot be
    read."""
    workspace = open_workspace(arguments)
    if len(arguments.words) > 1 or nearest("".join(arguments.words), [_SHOW]):
        return _show_one(arguments, workspace)
    if arguments.html:
        raise UsageError("--html is for one run; write `runs show RUN --html FILE`")
    arguments.what = "".join(arguments.words)
    arguments.tenant_id = named(arguments, most=1).tenant_id
    scope_of(workspace, arguments.tenant_id, past=True)
    found = _selected(arguments, PastRuns(workspace.runtime_dir))
    if arguments.json:
        show(arguments, {"runs": [invocations.as_json(one, arguments.tenant_id)
                                  for one in found]}, "")
        return 0
    listed = list(islice(found, arguments.limit))
    more = sum(1 for _ in found)
    sys.stdout.write("\n".join([
        *(invocations.listed(listed, arguments.tenant_id) if listed else [_none(arguments)]),
        *([f"{counted(more, 'earlier run')}; --limit {len(listed) + more} lists all"]
          if more else []),
    ]) + "\n")
    return 0


def _selected(arguments: argparse.Namespace, past: PastRuns) -> Iterator[PastRun]:
    since = utc_text_ms(since_moment(arguments.since)) if (
        arguments.since is not None) else ""
    return (one for one in past.since(since)
            if (one.failed or not arguments.failed)
            and (not arguments.tenant_id or arguments.tenant_id in one.invocation.tenants))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_positive.__name__ = "positive integer"  # argparse: invalid positive integer value: '0'


def _none(arguments: argparse.Namespace) -> str:
    narrowed = arguments.since or arguments.failed or arguments.tenant_id
    return "no such run" if narrowed else f"no run yet; `{command('orchestrator')}` is one"


def _show_one(arguments: argparse.Namespace, workspace: Workspace) -> int:
    word, *names = arguments.words
    if word != _SHOW or len(names) != 1:
        said = f"runs {one_line(' '.join(arguments.words))}"
        if word == _SHOW:
            count = f"{len(names)} runs" if names else "no run"
            raise UsageError(f"{said}: names {count}; name one: `runs show RUN`")
        raise UsageError(f"{said}: is not a command; {suggestion(word, [_SHOW])}: `runs show RUN`")
    past = PastRuns(workspace.runtime_dir)
    found = past.named(names[0])
    if arguments.html:
        report = run_report(Run.looking(workspace), past, found)
        if arguments.html == "-":
            sys.stdout.write(as_html(report))
            return 0
        write_output(Path(arguments.html), as_html(report).encode())
        sys.stdout.write(f"{arguments.html}: the report of run {found.invocation.id}\n")
        return 0
    view = viewed(workspace, past, found)
    show(arguments, invocations.view_as_json(view), printable(invocations.view_as_text(view)))
    return 0
