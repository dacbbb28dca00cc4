"""`verify-module`: a module's self-test, run like a step in its sandbox, in a throw-away folder, for no money."""
import argparse
import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from platform.commands.common import add_json, add_places, open_session, show
from platform.commands.selftest import NOBODY, planned_self_test
from platform.errors import InputError, UsageError
from platform.files import Digests
from platform.model.contract import Contract
from platform.model.profile import Profile
from platform.run.context import RunContext
from platform.run.records import LOG, OUTPUTS, step_dir
from platform.run.step import run_step
from platform.tasks.session import Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--module-id", default="", metavar="ID", help="this module only (default: all)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every self-test ends as it says; 1 when one does not; 10 when a contract is wrong."""
    session = open_session(arguments)
    names = [arguments.module_id] if arguments.module_id else sorted(session.repo.contracts)
    unknown = [name for name in names if name not in session.repo.module_ids]
    if unknown:
        raise UsageError(f"module {unknown[0]!r} is not there; known: {', '.join(sorted(session.repo.module_ids))}")
    wrong = [problem for problem in session.problems
             if not problem.warning and problem.subject in [("module", name) for name in names]]
    if wrong:
        raise InputError(wrong)
    results = {name: verify(session, session.repo.contracts[name]) for name in names}
    lines = [f"{'FAILED' if problem else 'passed'}  {name}{'  ' + problem if problem else ''}"
             for name, problem in results.items()]
    show(arguments, {"modules": [{"module_id": name, "passed": not problem, "problem": problem}
                                 for name, problem in results.items()]}, "\n".join(lines))
    return 1 if any(results.values()) else 0


def verify(session: Session, contract: Contract) -> str:
    """What is wrong with a module's self-test, or nothing."""
    test = contract.self_test
    if test is None:
        return "has no testing.self_test in its module.yml"
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        planned = planned_self_test(contract)
        step, module_dir = planned.step, session.root / "modules" / contract.module_id
        context = RunContext(
            root=session.root, runtime_dir=Path(folder), profile=_within(session.profile, folder), digests=Digests(),
            env=os.environ, now=lambda: datetime.now(UTC), record=lambda _: None,
            assets={(NOBODY, path): module_dir / path for path in planned.fixtures})
        record = run_step(context, step, 0)
        made = step_dir(context.runtime_dir, step.id)
        if record.status.value != test.expect_status:
            log = (made / LOG).read_text(errors="replace").strip().splitlines()[-1:]
            return f"ended {record.status} {record.reason}: {record.message} {''.join(log)}".rstrip()
        missing = [path for path in test.expect_files if not (made / OUTPUTS / path).exists()]
        return f"did not make {', '.join(missing)}" if missing else ""


def _within(profile: Profile, folder: str) -> Profile:
    """The profile with every delivery folder inside the throw-away one."""
    delivery = {provider: {name: f"{folder}/{provider}" if name.endswith("_dir") else value
                           for name, value in settings.items()} for provider, settings in profile.delivery.items()}
    return replace(profile, delivery=delivery)
