"""What `doit run` costs when nothing is due, over the shipped orders.

    python benchmarks/nothing_due.py [--rounds 9] [--against CHECKOUT]

Runs the orders once, then repeats the run with nothing due and prints the median CPU time and the
number of modules that it imports. `--against` takes turns with the code of another checkout, each
in a copy of its own, so that a busy moment hits both alike, and prints the median ratio.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = """import sys
sys.argv = ['doit', 'run']
import _platform_boot
from doit.__main__ import main
try:
    main()
finally:
    sys.stderr.write(f'modules {len(sys.modules)}\\n')
"""
PLACES = ("dodo.py", "pyproject.toml", ".gitattributes", "modules", "config", "schemas", "tenants")


def copied(checkout: Path, folder: Path) -> Path:
    """A copy of the checkout's workspace, without its runs."""
    folder.mkdir()
    for name in PLACES:
        place = checkout / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, folder / name)
    return folder


def run_once(checkout: Path, repo: Path) -> tuple[float, int]:
    """The CPU time of one run in milliseconds, and how many modules it imports."""
    env = {**os.environ, "PYTHONPATH": str(checkout)}
    before = os.times()
    done = subprocess.run([sys.executable, "-c", CODE], cwd=repo, env=env, capture_output=True,
                          text=True, check=True)
    after = os.times()
    spent = (after.children_user + after.children_system
             - before.children_user - before.children_system)
    return spent * 1000, int(done.stderr.rpartition("modules ")[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    arguments = parser.parse_args()
    checkouts = [ROOT, *([arguments.against.resolve()] if arguments.against else [])]
    with tempfile.TemporaryDirectory() as folder:
        repos = {each: copied(each, Path(folder, str(number)))
                 for number, each in enumerate(checkouts)}
        taken: dict[Path, list[float]] = {each: [] for each in checkouts}
        for each, repo in repos.items():
            run_once(each, repo)
            run_once(each, repo)
        for _ in range(arguments.rounds):
            for each, repo in repos.items():
                spent, modules = run_once(each, repo)
                taken[each].append(spent)
                if len(taken[each]) == arguments.rounds:
                    print(f"{each}: {statistics.median(taken[each]):.0f} ms CPU, {modules} modules")
        for other in checkouts[1:]:
            pairs = zip(taken[ROOT], taken[other], strict=True)
            print(f"ratio {statistics.median(own / theirs for own, theirs in pairs):.2f}")


if __name__ == "__main__":
    main()
