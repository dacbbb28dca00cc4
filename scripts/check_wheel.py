#!/usr/bin/env python3
"""Check the wheel as a user installs it, and run it in a root that has Python and nothing else.

    python scripts/check_wheel.py                          build it, then check it
    python scripts/check_wheel.py --dist DIR --tag vX.Y.Z   check what was built, and its version

Prints a line for each check, and the first failure; ends with 1 then. It needs the packages of
`pip install '.[release]'`, bubblewrap, and a package index for the dependencies.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
LARGEST_MB = 60  # of an installation without extras and without pip
_NOT_OURS = ("pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils-precedence")
PLAIN_DODO = 'def task_hello():\n    return {"actions": ["echo hello"]}\n'


class Failure(Exception):
    """A check that failed, in words."""


def build(folder: Path) -> None:
    """A wheel and a source archive in the directory."""
    run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)])


def checks(dist: Path, tag: str, folder: Path) -> Iterator[str]:
    """The checks, each as a line about what is right. `folder` is a fresh directory. Failure for
    the first that fails."""
    wheel, archive = one(dist, "*.whl"), one(dist, "*.tar.gz")
    version = version_of(wheel)
    if tag and tag != f"v{version}":
        raise Failure(f"the tag {tag} is not v{version}, the version in pyproject.toml")
    yield f"version {version}"
    run([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(archive)])
    run([str(Path(sys.executable).parent / "check-wheel-contents"),
         f"--config={ROOT / 'pyproject.toml'}", str(wheel)])
    yield "twine and check-wheel-contents find nothing"
    began = time.monotonic()
    python = installed(folder / "env", wheel)
    size_mb = size_of(next((folder / "env").glob("lib/python3*/site-packages"))) / 1e6
    yield f"installed in {time.monotonic() - began:.0f} s, {size_mb:.0f} MB"
    if size_mb > LARGEST_MB:
        raise Failure(f"the installation has {size_mb:.0f} MB; it may have {LARGEST_MB}")
    yield from runs(folder, python, version)


def runs(folder: Path, python: Path, version: str) -> Iterator[str]:
    """What a user does first, in an empty root without network and not as root."""
    work = folder / "work"
    work.mkdir()
    program = f"{python.parent}/platform"
    expect(inside(folder, [program, "--version"]), f"platform {version}\n")
    expect(inside(folder, [str(python), "-m", "platform.cli", "--version"]),
           f"platform {version}\n")
    standard = inside(folder, [str(python), "-m", "platform"])
    expect(inside(folder, [str(python), "-Ic", "import platform; print(platform.platform(True))"]),
           standard)
    yield "the command line, and the standard module of the same name"
    inside(folder, [program, "init", "shop", "--example"])
    order = ["--tenant-id", "aB3dE9", "--work-order-id", "outline"]
    quoted = inside(folder, [program, "-C", "shop", "quote", *order])
    if "credits" not in quoted:
        raise Failure(f"the quote of the first order names no credits:\n{quoted}")
    inside(folder, [program, "-C", "shop", "orchestrator", *order])
    if not list((work / "shop" / "deliveries").rglob("package.zip")):
        raise Failure("the first order has delivered no package")
    again = inside(folder, [f"{python.parent}/doit", "run", "workorder:aB3dE9/outline"], "shop")
    if "nothing posted" not in again:
        raise Failure(f"the second run was not free of charge:\n{again}")
    yield "a workspace, its first order, and the second run for nothing"
    (work / "other").mkdir()
    (work / "other" / "dodo.py").write_text(PLAIN_DODO)
    expect(inside(folder, [f"{python.parent}/doit", "run"], "other"), ".  hello\n")
    yield "doit in another project"


def installed(env: Path, wheel: Path, *extras: str) -> Path:
    """The Python of a new environment in which the wheel is installed."""
    venv.create(env, with_pip=True, symlinks=True)
    python = env / "bin" / "python"
    wanted = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted])
    return python


def inside(folder: Path, command: Sequence[str], below: str = "") -> str:
    """What a command prints in an empty root: the system's libraries, a shell, Python and the
    environment can be read, `folder`/work can be written. No network; user 1000."""
    work = folder / "work"
    shell = os.path.realpath("/bin/sh")
    words = [
        "bwrap", "--unshare-all", "--uid", "1000", "--gid", "1000", "--die-with-parent",
        "--clearenv", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        "--ro-bind", "/usr/lib", "/usr/lib", "--ro-bind-try", "/usr/lib64", "/usr/lib64",
        "--ro-bind-try", "/lib", "/lib", "--ro-bind-try", "/lib64", "/lib64",
        "--ro-bind", shell, "/bin/sh", "--ro-bind", sys.base_prefix, sys.base_prefix,
        "--ro-bind", str(folder / "env"), str(folder / "env"), "--bind", str(work), str(work),
        "--setenv", "HOME", str(work), "--setenv", "LANG", "C.UTF-8",
        "--chdir", str(work / below), "--", *command,
    ]
    return run(words)


def run(command: Sequence[str]) -> str:
    """A command's output. Failure with all that it printed if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(command[-6:])} ended with {done.returncode}:\n"
                      f"{done.stdout}{done.stderr}")
    return done.stdout


def expect(printed: str, wanted: str) -> None:
    if printed != wanted:
        raise Failure(f"{wanted!r} was expected, not {printed!r}")


def one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise Failure(f"{folder} contains {len(found)} files {pattern}; it must contain one")
    return found[0].resolve()


def version_of(wheel: Path) -> str:
    with ZipFile(wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return str(message_from_bytes(file.read(name))["Version"])


def size_of(folder: Path) -> int:
    """The bytes on disk of the installed packages, as `du` counts them."""
    return sum(512 * path.lstat().st_blocks for path in folder.rglob("*")
               if not path.relative_to(folder).parts[0].startswith(_NOT_OURS))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dist", type=Path, metavar="DIR", help="a wheel and a source archive")
    parser.add_argument("--tag", default="", metavar="vX.Y.Z", help="the tag of the release")
    arguments = parser.parse_args()
    if shutil.which("bwrap") is None:
        print("check_wheel: bubblewrap is not installed; install it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve() / "Größe 1"  # a space and an umlaut
        folder.mkdir()
        try:
            if arguments.dist is None:
                build(folder / "dist")
            for line in checks(arguments.dist or folder / "dist", arguments.tag, folder):
                print(line, flush=True)
        except Failure as failure:
            print(failure, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
