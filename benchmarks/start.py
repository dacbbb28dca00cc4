"""What the finder of an installation costs each start of Python in its environment.

    python benchmarks/start.py [--rounds 300] [--against PYTHON]

Makes two environments that differ in the finder alone, and starts them by turns, so that a busy
moment hits both alike. Prints the CPU time of a start and the median difference of the pairs, for
`python -c pass` and for `import platform`. `--against` measures the Python of another environment
beside them, such as one with an editable installation.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODES = {"pass": "pass", "import platform": "import platform; platform.system()"}


def environment(folder: Path, *, finder: bool) -> Path:
    """A Python with nothing installed, or with the finder alone."""
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python3*/site-packages")
    if finder:
        shutil.copy(ROOT / "_platform_finder.py", site)
        shutil.copy(ROOT / "installation" / "platform_runner.pth", site)
        (site / "platform").mkdir()
    return folder / "bin" / "python"


def cpu_ms(python: Path, code: str) -> float:
    """The CPU time of one start, in milliseconds."""
    child = os.posix_spawn(python, [str(python), "-c", code], {"PATH": "/usr/bin:/bin"})
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{python} ended with {os.waitstatus_to_exitcode(status)}")
    return (used.ru_utime + used.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300, metavar="N")
    parser.add_argument("--against", type=Path, metavar="PYTHON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pythons = {
            "without": environment(Path(folder, "without"), finder=False),
            "with the finder": environment(Path(folder, "with"), finder=True),
        }
        if arguments.against:
            pythons["against"] = arguments.against
        for name, code in CODES.items():
            for python in pythons.values():  # writes the .pyc files
                subprocess.run([python, "-c", code], check=True)
            taken: dict[str, list[float]] = {each: [] for each in pythons}
            for _ in range(arguments.rounds):
                for each, python in pythons.items():
                    taken[each].append(cpu_ms(python, code))
            for each, times in taken.items():
                more = statistics.median(a - b for a, b in
                                         zip(times, taken["without"], strict=True))
                print(f"{name:16} {each:16} {statistics.median(times):6.2f} ms  {more:+.2f} ms")


if __name__ == "__main__":
    sys.exit(main())
