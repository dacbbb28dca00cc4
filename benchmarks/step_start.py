"""What starting a step costs, as ratios against a bare Python start-up, measured in one run on one
machine.

    python benchmarks/step_start.py [--rounds 30]

Rows: a bare `python -I -S -c pass` (the least any child in Python can cost); a whole worker job as
a plain process and inside bubblewrap, for a module that does nothing; `run_step` for the same
module, with record, folders and renames; a Python with `site` and json, what an ordinary second
start-up would cost; and, warm, the question whether a step is done (`current`). The rounds are
interleaved, so that a busy moment hits every row alike.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (first: it makes `platform` our package beside the standard module)
from platform.files import Digests
from platform.model.contract import Contract, OutputPort
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.profile import Limits, Profile
from platform.run import worker
from platform.run.context import RunContext
from platform.run.current import current
from platform.run.executors import executor_of
from platform.run.machine import isolation_here, this_machine
from platform.run.records import read_record
from platform.run.step import run_step

MODULE = """
def run(params, outputs_dir):
    open(f"{outputs_dir}/text.txt", "w").close()
    return {"status": "COMPLETED"}
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=30, help="how often each row is measured (default: 30)"
    )
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        rows = measured_rows(Path(folder))
        times: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(rounds + 1):
            for name, action in rows.items():
                before = time.perf_counter()
                action()
                times[name].append(time.perf_counter() - before)
    # the first round warms up
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    bare = medians["a bare Python"]
    for name, median in medians.items():
        print(f"{name:<36} {1000 * median:8.2f} ms {median / bare:7.2f} x")
    return 0


def measured_rows(root: Path) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    src = root / "modules" / "nothing" / "src"
    src.mkdir(parents=True)
    (src / "run.py").write_text(MODULE)
    context, step = a_step(root)
    rows: dict[str, Callable[[], object]] = {
        "a bare Python": lambda: subprocess.run(
            [sys.executable, "-I", "-S", "-c", "pass"], check=True
        ),
        "a Python with site and json": lambda: subprocess.run(
            [sys.executable, "-I", "-c", "import json"], check=True
        ),
        "a job, plain process": lambda: a_job(root, Profile(sandbox="process")),
    }
    if this_machine().bwrap:
        rows["a job, in bubblewrap"] = lambda: a_job(root, Profile(sandbox="bubblewrap"))
        boxed = replace(context, profile=replace(context.profile, sandbox="bubblewrap"))
        rows["run_step, in bubblewrap"] = lambda: run_step(boxed, step, 0)
    else:
        print(f"without bubblewrap: {this_machine().lacking}")
    rows["run_step, plain process"] = lambda: run_step(context, step, 0)
    rows["current, warm"] = lambda: current(context, step)
    return rows


def a_job(root: Path, profile: Profile) -> object:
    """One child, from start to its end."""
    outputs, scratch = root / "outputs", root / "scratch"
    for folder in (outputs, scratch):
        folder.mkdir(exist_ok=True)
    job = worker.Job(root / "modules" / "nothing", {}, outputs, scratch, root / "log.txt", Limits())
    ended = worker.run(job, this_machine(), isolation_here(profile, network=False))
    assert ended.said[2:] == ("returned", "COMPLETED", "", ""), ended
    return ended


def a_step(root: Path) -> tuple[RunContext, PlannedStep]:
    """A step without inputs that never takes from the cache."""
    contract = Contract(
        "nothing",
        "Nothing",
        "1.0",
        Kind.TRANSFORM,
        "",
        outputs={"text": OutputPort("text", "file", "text.txt")},
    )
    step = PlannedStep(
        StepId("nxlkGI", "UbjkpxZO", "one"),
        Kind.TRANSFORM,
        contract,
        0,
        digest_of("one"),
        {},
        {},
        (),
        (),
        (),
        frozenset(),
        reuse=Reuse.NONE,
    )
    runtime = root / "runtime"
    profile = Profile(sandbox="process", cache=False)
    context = RunContext(root, runtime, profile, Digests(), {},
                         lambda: datetime.now(UTC), lambda step_id: read_record(runtime, step_id),
                         executor_of(profile))
    return context, step


if __name__ == "__main__":
    sys.exit(main())
