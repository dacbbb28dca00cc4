"""`run-module MODULE --input ID=VALUE`: run a module with its author's own inputs, in the sandbox
of a step, free of charge.

Nothing is written outside DIR. A delivery writes to DIR/delivered and sends nothing."""
import argparse
from collections.abc import Iterator
from pathlib import Path

from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_run, show
from platform.commands.trials import as_json, printed, said, seconds, usable_contracts
from platform.model.characters import one_line
from platform.model.contract import Contract
from platform.model.words import counted
from platform.run.records import OUTPUTS, step_dir
from platform.verify.author_run import author_run, planned_author_run
from platform.verify.given import given_inputs
from platform.verify.kept import keep_results, kept_directory, working_in, working_nowhere
from platform.verify.trial import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("module", metavar="MODULE", help="the module's id")
    parser.add_argument("--input", action="append", default=[], metavar="ID=VALUE",
                        help="an input: ID=VALUE, or ID=@PATH for the contents of a file, and for "
                             "a port of the type file or dir the file or directory itself; "
                             "ID=@@TEXT for a text that begins with @; repeat it for each input")
    parser.add_argument("--keep", default="", metavar="DIR",
                        help="keep outputs, log and run record in this directory, which is new, "
                             "empty, or from an earlier run-module (default: keep nothing)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the module completed.
    * 1: it failed.
    * 2: the module or an input does not exist.
    * 10: the contract has errors, or a port does not accept its value.
    * 11: DIR has other contents, or another run-module works in it."""
    run = open_run(arguments)
    [contract] = usable_contracts(run, [arguments.module])
    given = given_inputs(contract, arguments.input)
    test = planned_author_run(contract, given)
    kept = _kept_directory(run, arguments.keep) if arguments.keep else None
    with working_in(kept) if kept else working_nowhere() as folder:
        trial = author_run(run, test, given, folder)
        if kept and trial.record:
            keep_results(step_dir(folder, test.step.id), kept)
    shown = "" if kept is None else run.workspace.shown(kept)
    show(arguments, {**as_json(trial), "charged_credits": 0, "kept": str(kept or "")},
         "\n".join(_lines(trial, contract, shown)))
    return 1 if trial.problem else 0


def _kept_directory(run: Run, name: str) -> Path:
    workspace = run.workspace
    return kept_directory(name, workspace.root, workspace.runtime_dir, workspace.billing_state_dir)


def _lines(trial: Trial, contract: Contract, kept: str) -> Iterator[str]:
    problem = f"  {one_line(trial.problem)}" if trial.problem else ""
    status = trial.record.status.value if trial.record else "FAILED"
    yield f"{status}  {trial.module_id}{seconds(trial)}{problem}"
    yield from said(trial, contract)
    made = {output.output_id: output for output in trial.outputs}
    width = max(map(len, contract.outputs), default=0)
    for name in contract.outputs if made else ():
        output = made.get(name)
        path = Path(kept, OUTPUTS, output.path) if kept and output else output and output.path
        size = f"  {counted(output.bytes, 'byte')}" if output else ""
        yield f"  {name:<{width}}  {path or 'not made'}{size}"
    yield from printed(trial)
    where = f"kept in {kept}" if kept else "nothing was kept (--keep DIR keeps it)"
    yield f"{where}; nothing was charged"
