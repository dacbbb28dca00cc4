"""How long runs take, beside a bare doit graph of the same size: `python benchmarks/runs.py
[--steps N]`.

For the shipped orders and for an order of N steps: the first run, and the second one that has
nothing to do. The bare graph has as many tasks, each of which starts one Python process and writes
one file, with doit's own store and checker. Both are measured in this one run, on this machine;
what counts are the ratios.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOIT = str(Path(sys.executable).parent / "doit")

BARE = """
import sys
DOIT_CONFIG = {{"backend": "sqlite3", "verbosity": 0}}
def task_step():
    for i in range({steps}):
        write = "open('out%d', 'w').write('x')" % i
        yield {{"name": str(i), "actions": [[sys.executable, "-I", "-S", "-c", write]],
               "file_dep": ["dodo.py"], "targets": ["out%d" % i]}}
"""


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def repository(folder: Path, steps: int) -> Path:
    """The shipped repository, or the same with one order of `steps` steps in place of its tenants'
    orders."""
    folder.mkdir()
    for name in ("dodo.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("config", "modules", "schemas", "tenants"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if steps:
        for order in folder.glob("tenants/*/workorders/*.yml"):
            order.unlink()
        lines = "".join(
            f"  - {{step_id: s{i}, module_id: seed_text, kind: transform, inputs: {{topic: topic "
            f"{i}}}}}\n"
            for i in range(steps)
        )
        (folder / "tenants/nxlkGI/workorders/bench.yml").write_text(
            f"work_order_id: bench\nsteps:\n{lines}"
        )
        payments = folder / "config/payments.csv"
        payments.write_text(payments.read_text().replace(",1000,", ",1000000,"))
    return folder


def bare(folder: Path, steps: int) -> Path:
    folder.mkdir()
    (folder / "dodo.py").write_text(BARE.format(steps=steps))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as made:
        cases = {
            "shipped orders": (repository(Path(made, "shipped"), 0), bare(Path(made, "bare8"), 8)),
            f"{steps} steps": (
                repository(Path(made, "big"), steps),
                bare(Path(made, "bare"), steps),
            ),
        }
        print(f"{'':<16} {'run':<8} {'ours s':>8} {'bare doit s':>12} {'ratio':>7}")
        for name, (ours, theirs) in cases.items():
            for run in ("first", "second"):
                a = seconds([DOIT, "run"], ours)
                b = seconds([sys.executable, "-m", "doit", "run"], theirs)
                print(f"{name:<16} {run:<8} {a:8.2f} {b:12.2f} {a / b:7.2f}")


if __name__ == "__main__":
    main()
