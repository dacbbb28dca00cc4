"""What history costs: `python benchmarks/history.py [--runs N]`.

The list of N runs as a command and in its parts, the lines of a run without work, and the lines and
files of one step. All are measured in this one run, on this machine.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from platform.app.past_runs import PastRuns
from platform.history.writer import Writer
from platform.model.history import Attempt, Invocation, Tally
from platform.model.invocation import ALPHABET
from platform.model.utc import utc_text_ms

ROOT = Path(__file__).resolve().parent.parent
DAY_RUNS = 144  # one every ten minutes
COMMAND = "python -m platform.cli orchestrator --scheduled -n 4"


def fill(runtime: Path, runs: int) -> None:
    """Runs with two steps each, the newest now."""
    newest = datetime.now(UTC)
    for number in range(runs):
        at = utc_text_ms(newest - timedelta(minutes=10 * number))
        name = "".join(ALPHABET[number // 29**power % 29] for power in range(8))
        writer = Writer(runtime, name, at[:10])
        writer.began(Invocation(id=name, began_at=at, command=COMMAND))
        for step in ("one", "two"):
            writer.task(Attempt(task=f"step:nxlkGI/order/{step}", state="COMPLETED", began_at=at))
        writer.ended(Invocation(id=name, began_at=at, ended_at=at, exit_status=number % 2,
                                command=COMMAND, tenants={"nxlkGI": Tally(2, number % 2)}))
        writer.close()


def best_ms(action: Callable[[], object], times: int = 20) -> float:
    """Milliseconds of the fastest of several calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        found.append(time.perf_counter() - start)
    return 1000 * min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="tmp-history-") as name:
        runtime = Path(name).resolve()
        fill(runtime, runs)
        cli = [sys.executable, "-m", "platform.cli"]

        def command(*words: str) -> None:
            subprocess.run([*cli, *words], cwd=ROOT, check=True, capture_output=True)

        listed = best_ms(lambda: list(PastRuns(runtime).since()), 5)
        one = best_ms(lambda: PastRuns(runtime).named("last"), 5)
        whole = best_ms(lambda: command("runs", "--runtime-dir", name), 3)
        start = best_ms(lambda: command("explain", "unknown-module"), 3)
        sys.stdout.write(f"reading {runs} runs: {listed:.0f} ms; `runs show last`: {one:.0f} ms\n"
                         f"`runs` as a command: {whole:.0f} ms; `explain`: {start:.0f} ms\n")
        at = utc_text_ms(datetime.now(UTC))
        ended = Invocation(id="bbbbbbbb", began_at=at, ended_at=at, exit_status=0, command=COMMAND)
        line = best_ms(lambda: Writer(runtime, "bbbbbbbb", at[:10]).ended(ended), 200)
        writer = Writer(runtime, "cccccccc", at[:10])
        writer.began(Invocation(id="cccccccc", began_at=at))

        def step() -> None:
            stamp = str(time.perf_counter_ns()).encode()
            writer.task(Attempt(task="step:nxlkGI/order/one", state="RUNNING"))
            writer.task(Attempt(task="step:nxlkGI/order/one", state="COMPLETED",
                                record=writer.keep(stamp * 250), log=writer.keep(stamp * 50)))

        both = best_ms(step, 200)
        sys.stdout.write(f"a run without work: {line:.3f} ms; a step: {both:.3f} ms\n")


if __name__ == "__main__":
    main()
