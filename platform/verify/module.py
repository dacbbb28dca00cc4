"""Run a module's self-test like a step in its sandbox, in a temporary directory, without a charge.
"""
import tempfile
from dataclasses import replace
from pathlib import Path

from platform.app.preflight import packages_of
from platform.app.run import Run
from platform.model.contract import Contract
from platform.run.records import OUTPUTS, step_dir
from platform.verify.selftest import planned_self_test
from platform.verify.trial import Trial, tried


def verify_module(run: Run, contract: Contract) -> Trial:
    """The self-test of a module; its `problem` says what is wrong with it.

    It is not run if this Python lacks a package of the module: `lacks` says which."""
    if lacks := " ".join(f"{each.what}; {each.fix}" for each in packages_of(contract)):
        return Trial(contract.module_id, "", lacks=lacks)
    test = contract.self_test
    if test is None:
        return Trial(contract.module_id, "has no testing.self_test in its module.yml")
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        folder = Path(name).resolve()
        planned = planned_self_test(contract)
        trial = tried(run, planned, folder)
        if trial.record is None:
            return trial
        if trial.record.status.value != test.expect_status:
            ended = f"ended {trial.record.status}, and {test.expect_status} is expected"
            return replace(trial, problem=trial.problem or ended)
        made = step_dir(folder, planned.step.id) / OUTPUTS
        missing = [path for path in test.expect_files if not (made / path).exists()]
        return replace(trial, problem=f"did not make {', '.join(missing)}" if missing else "")
