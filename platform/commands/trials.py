"""What `verify-module` and `run-module` share: the module of a command line, and how a run of it is
shown."""
from collections.abc import Iterator
from typing import Any

from platform.app.preflight import packages_of
from platform.app.run import Run
from platform.check.words import suggestion
from platform.errors import InputError, UsageError
from platform.model.characters import one_line, printable
from platform.model.contract import Contract
from platform.model.words import counted
from platform.verify.trial import Trial

# errors that stop orders only; missing packages are looked for in modules without orders, too
_OF_ORDERS = frozenset({"secret-not-granted", "price-missing", "package-missing"})
_MOST_LINES = 40  # of what a module printed; the log has all of it


def usable_contracts(run: Run, names: list[str], *, may_lack: bool = False) -> list[Contract]:
    """The contracts of these modules. UsageError for an unknown name, InputError if one of the
    contracts has errors or, unless `may_lack`, needs a package that this Python lacks. A module
    needs no price to be tried. A secret that the profile does not grant is refused when the module
    needs it: with recorded services, it needs none."""
    known = run.snapshot.repo.module_ids
    for name in names:
        if name not in known:
            raise UsageError(f"module {one_line(name)[:60]!r} does not exist; "
                             + suggestion(name, known, f"known: {', '.join(sorted(known))}"))
    wrong = [problem for problem in run.snapshot.problems
             if not problem.warning and problem.code not in _OF_ORDERS
             and problem.subject in [("module", name) for name in names]]
    if wrong:
        raise InputError(wrong)
    contracts = [run.snapshot.repo.contracts[name] for name in names]
    if not may_lack and (
            lacking := [each for contract in contracts for each in packages_of(contract)]):
        raise InputError(lacking)
    return contracts


def seconds(trial: Trial) -> str:
    return f"  {trial.record.duration_s:.2f} s" if trial.record else ""


def module_folder(contract: Contract) -> str:
    """The module's directory as people type it."""
    return contract.source.file.rpartition("/")[0]


def said(trial: Trial, contract: Contract) -> Iterator[str]:
    """The author's line of a crash, if there is one."""
    if trial.frame:
        yield f"  {one_line(trial.frame.words(module_folder(contract)))}"


def printed(trial: Trial) -> Iterator[str]:
    """What the module printed, shortened in its middle."""
    lines = [f"  | {line}" for line in printable(trial.log).splitlines()]
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines[half:-half] = [f"  [{counted(len(lines) - 2 * half, 'line')} are left out here]"]
    yield from lines


def as_json(trial: Trial) -> dict[str, Any]:
    """The part of a result that both commands print."""
    record, frame = trial.record, trial.frame
    return {
        "module_id": trial.module_id,
        "status": record.status.value if record else "",
        "reason": record.reason if record else "",
        "message": record.message if record else "",
        "duration_s": record.duration_s if record else 0.0,
        "isolation": record.isolation if record else "",
        "files": [{"output_id": output.output_id, "path": output.path, "type": output.type,
                   "bytes": output.bytes} for output in trial.outputs],
        "frame": frame and {"file": frame.file, "line": frame.line, "function": frame.function,
                            "source": frame.source},
        "log": trial.log,
    }
