"""The Python that another user runs: root's own may lie where nobody else can reach it."""
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

_SYSTEM = Path("/usr/bin/python3")


@cache
def lacking() -> str:
    """Why no other user can run this project here; empty when one can."""
    return "" if reachable(Path(sys.executable)) or _same_version() else (
        f"no other user reaches {sys.executable}, and {_SYSTEM} is not Python "
        f"{sys.version_info[0]}.{sys.version_info[1]}")


def environment_for_others(folder: Path) -> Path:
    """The bin directory of a virtual environment that every user can run: this one, or one made in `folder` on the
    system's Python, with this one's packages."""
    here = Path(sys.executable).parent
    if reachable(Path(sys.executable)):
        return here
    subprocess.run([_SYSTEM, "-m", "venv", "--without-pip", folder], check=True)
    packages = Path(sysconfig.get_path("purelib"))
    made = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    made.rmdir()
    linked = subprocess.run(["cp", "-al", packages, made], check=False, capture_output=True).returncode == 0
    if not linked:  # on another file system
        shutil.copytree(packages, made, dirs_exist_ok=True)
    doit = folder / "bin" / "doit"
    doit.write_text(f"#!{folder / 'bin' / 'python'}\nimport sys\nfrom doit.__main__ import main\nsys.exit(main())\n")
    doit.chmod(0o755)
    return folder / "bin"


def reachable(program: Path) -> bool:
    """Whether every user may run a program: each directory on the way to it may be entered."""
    whole = program.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (whole, *whole.parents))


def _same_version() -> bool:
    if not (_SYSTEM.exists() and reachable(_SYSTEM)):
        return False
    told = subprocess.run([_SYSTEM, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True,
                          check=False).stdout.split()
    return told == [str(part) for part in sys.version_info[:2]]
