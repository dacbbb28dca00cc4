"""Run a module's self-test like a step in its sandbox, in a temporary directory, without a charge.
"""
import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from platform.app.run import Run
from platform.confined import Refused, inside
from platform.files import Digests
from platform.model.contract import Contract
from platform.model.profile import Profile
from platform.run.context import RunContext
from platform.run.executors import executor_of
from platform.run.records import LOG, OUTPUTS, step_dir
from platform.run.step import run_step
from platform.verify.selftest import NO_TENANT, planned_self_test


def verify_module(run: Run, contract: Contract) -> str:
    """What is wrong with a module's self-test, or an empty string."""
    test = contract.self_test
    if test is None:
        return "has no testing.self_test in its module.yml"
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        planned = planned_self_test(contract)
        step, module_dir = planned.step, run.workspace.root / "modules" / contract.module_id
        try:
            fixtures = {(NO_TENANT, path): inside(module_dir, path) for path in planned.fixtures}
        except Refused as error:
            return (f"has a fixture that is not in its directory: {error.offender} is "
                    f"{error.kind}")
        profile = _within(run.workspace.profile, folder)
        context = RunContext(
            root=run.workspace.root, runtime_dir=Path(folder), profile=profile, digests=Digests(),
            env=os.environ, now=lambda: datetime.now(UTC), record=lambda _: None,
            executor=executor_of(profile), assets=fixtures)
        record = run_step(context, step, 0)
        made = step_dir(context.runtime_dir, step.id)
        if record.status.value != test.expect_status:
            log = (made / LOG).read_text(errors="replace").strip().splitlines()[-1:]
            return (
                f"ended {record.status} {record.reason}: {record.message} {''.join(log)}".rstrip()
            )
        missing = [path for path in test.expect_files if not (made / OUTPUTS / path).exists()]
        return f"did not make {', '.join(missing)}" if missing else ""


def _within(profile: Profile, folder: str) -> Profile:
    """The profile with every delivery directory inside the temporary one."""
    delivery = {
        provider: {
            name: f"{folder}/{provider}" if name.endswith("_dir") else value
            for name, value in settings.items()
        }
        for provider, settings in profile.delivery.items()
    }
    return replace(profile, delivery=delivery)
