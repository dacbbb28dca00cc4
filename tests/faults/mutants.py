"""The campaign tried on itself: each fsync and each lock taken out of a copy of the code must make it fail."""
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` becomes `new` in one file of platform/ledger; `kinds` are tried, until one notices."""

    what: str
    file: str
    old: str
    new: str
    kinds: tuple[str, ...] = ("power",)


DURABILITY = "tests/ledger/test_durability.py"  # what cannot show in a day that is made again: the order itself
_APPENDED = """        try:
            self._sync()
        except StorageError:
            self._in_doubt = True
            self._cut_back()
            raise
"""
_REPLAYED = """        if self._synced != self.end:
            self._sync()
"""
_CUT_OFF = """                    self._disk.truncate(self._handle, self.end)
                self._sync()
"""
MUTANTS = (
    Mutant("no fsync after an append", "log.py", _APPENDED, ""),
    Mutant("no fsync before a replay is acknowledged", "log.py", _REPLAYED, _REPLAYED.replace("self._sync()", "pass")),
    Mutant("no fsync after a torn line was cut off", "log.py", _CUT_OFF, _CUT_OFF.replace("self._sync()", "pass"),
           (DURABILITY,)),
    Mutant("no fsync before projections are made of what others wrote", "folder.py",
           "            self.log.make_durable()  # no projection", "            pass  # no projection"),
    Mutant("no fsync of projections before the manifest", "folder.py",
           "            files.sync(known.files if known else {})\n", ""),
    Mutant("no fsync of a whole file before its rename", "disk.py", "            disk.sync(handle)\n", ""),
    Mutant("no fsync of the folder after a rename", "disk.py", "        disk.sync_folder(path.parent)\n", ""),
    Mutant("no fsync of the parent of a new folder", "journal.py",
           "                disk.sync_folder(folder.parent)\n", ""),
    Mutant("no lock between processes", "disk.py", "            fcntl.flock(handle, fcntl.LOCK_EX)\n",
           "            pass\n", ("writers",)),
)


def survivors(seed: int) -> int:
    """Print what noticed each mutant; how many nothing noticed. RuntimeError when even an unchanged copy fails."""
    unchanged = Mutant("nothing", "log.py", "JOURNAL = ", "JOURNAL = ", ("power", "refuse", "writers", DURABILITY))
    if failed := _noticed(unchanged, seed):
        raise RuntimeError(f"the campaign fails on unchanged code: {failed}")
    alive = 0
    for mutant in MUTANTS:
        by = _noticed(mutant, seed)
        alive += not by
        sys.stdout.write(f"{mutant.what:<60} {'noticed by ' + by if by else 'NOT NOTICED'}\n")
        sys.stdout.flush()
    return alive


def _noticed(mutant: Mutant, seed: int) -> str:
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place)
        for folder in ("platform", "tests/faults", "tests/ledger", "scripts"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("_platform_boot.py", "pyproject.toml", "tests/conftest.py"):
            shutil.copy(ROOT / name, copy / name)
        file = copy / "platform" / "ledger" / mutant.file
        text = file.read_text()
        if text.count(mutant.old) != 1:
            raise LookupError(f"{mutant.what}: its place in {mutant.file} is not there once; correct the mutant")
        file.write_text(text.replace(mutant.old, mutant.new))
        for kind in mutant.kinds:
            words = [str(copy / "scripts" / "fault_campaign"), "--fast", "--only", kind, "--seed", str(seed)]
            if kind == DURABILITY:
                words = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-x", kind]
            if subprocess.run([sys.executable, *words], cwd=copy, capture_output=True, check=False).returncode:
                return kind
    return ""
