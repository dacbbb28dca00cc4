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
    """`old` becomes `new` in one file of a package of platform/; `kinds` are tried, until one notices."""

    what: str
    file: str
    old: str
    new: str
    kinds: tuple[str, ...] = ("power",)
    package: str = "ledger"

    def found(self, root: Path) -> Path:
        """Its file below a repository's root."""
        file, = (root / "platform" / self.package).rglob(self.file)
        return file


DURABILITY = "tests/ledger/test_durability.py"  # what cannot show in a day that is made again: the order itself
_APPENDED = """        try:
            self._sync(handle)
        except StorageError:
            self._in_doubt = True
            self._cut_back(handle, after)
            raise
"""
_REPLAYED = """            self._refuse_doubt()
            self._sync(self._open())
"""
_CUT_OFF = """                self._disk.truncate(handle, before.bytes)
            self._sync(handle)
"""
_DECIDED = "    release.put(tag, name_of(manifest.generation), data, local.scratch)\n"
_DECIDED_ANYWAY = f"    try:\n    {_DECIDED}    except NameTaken:\n        pass\n"
MUTANTS = (
    Mutant("no fsync after an append", "file_store.py", _APPENDED, ""),
    Mutant("no fsync before a replay is acknowledged", "file_store.py", _REPLAYED,
           _REPLAYED.replace("self._sync(self._open())", "pass")),
    Mutant("an fsync that failed is forgotten", "file_store.py", _REPLAYED,
           "            self._sync(self._open())\n", (DURABILITY,)),
    Mutant("no fsync after a torn line was cut off", "file_store.py", _CUT_OFF,
           _CUT_OFF.replace("self._sync(handle)", "pass"), (DURABILITY,)),
    Mutant("no fsync before projections are made of what others wrote", "exports.py",
           "        journal.make_durable()  # no row", "        pass  # no row"),
    Mutant("no fsync of projections before the manifest", "exports.py",
           "synced = files.sync(known.files if known else {})", "synced = False"),
    Mutant("no fsync of a whole file before its rename", "disk.py", "            disk.sync(handle)\n", ""),
    Mutant("no fsync of the folder after a rename", "disk.py", "        disk.sync_folder(path.parent)\n", ""),
    Mutant("no fsync of the parent of a new folder", "ledger.py",
           "                disk.sync_folder(folder.parent)\n", ""),
    Mutant("no lock between processes", "disk.py", "        flock.take(handle)\n", "        pass\n",
           ("writers",)),
    Mutant("no turn between threads", "turns.py", "if self._owner is None:", "if True:", ("writers",)),
    Mutant("a manifest whose name is taken counts as published", "publish.py", _DECIDED,
           _DECIDED_ANYWAY,
           ("publishers",), "state"),
    Mutant("the trusted head is not compared", "chain.py",
           "            self._is_trusted(self._trusted, manifest, digest, uri)\n", "            pass\n",
           ("tamper",), "state"),
    Mutant("the trusted head is not remembered", "local.py", "        if head != self.trusted():\n",
           "        if head is None:\n", ("tamper",), "state"),
    Mutant("the journal need not go on after the trusted head", "chain.py", "        if seen and seen.seq and (",
           "        if seen and seen.seq and False and (", ("tamper",), "state"),
    Mutant("the digest of the manifest before is not compared", "chain.py",
           "        if manifest.previous != self.sha256:\n", "        if False:\n", ("tamper",), "state"),
    Mutant("the number of a generation is not compared", "chain.py",
           "        if manifest.generation != before.generation + 1:\n", "        if False:\n", ("tamper",), "state"),
    Mutant("a closed release may go on", "chain.py", "        if tag != (before.next_tag or self.tag):\n",
           "        if False:\n", ("tamper",), "state"),
    Mutant("expiry is not looked at", "chain.py", "        if now > self.newest.expires:\n", "        if False:\n",
           ("tamper",), "state"),
    Mutant("a segment's digest is not compared", "chain.py",
           "(len(data), sha256_hex(data)) != (segment.bytes, segment.sha256) or not", "not", ("tamper",), "state"),
    Mutant("a segment need not end where it says", "chain.py",
           "    if (segment.first + len(lines) - 1, prev) != (segment.last, segment.hash):\n", "    if False:\n",
           ("tamper",), "state"),
    Mutant("manifest and projections outlive the journal that they were made of", "local.py",
           "            if not kept:\n", "            if False:\n", ("publish",), "state"),
    Mutant("own posts are not posted again after others'", "rebase.py",
           "            why = _refusal(ledger, post)\n", '            why = ""\n', ("publish",), "state"),
    Mutant("the void of a claim that was dropped voids another runner's", "news.py",
           "return attempt_of(post) in dropped", "return False", ("runners",), "state"),
    Mutant("a claim is believed without a look at whose it is", "gate.py",
           "claim.attempt == self._attempt and claimant.is_ours(claim.claimant)", "claim.attempt == self._attempt",
           ("runners",), "app"),
)


def survivors(seed: int) -> int:
    """Print what noticed each mutant; how many nothing noticed. RuntimeError when even an unchanged copy fails."""
    unchanged = Mutant("nothing", "file_store.py", "JOURNAL = ", "JOURNAL = ",
                       ("power", "refuse", "writers", "tamper", "publishers", "publish", DURABILITY))
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
        for folder in ("platform", "tests/faults", "tests/ledger", "scripts", "config", "modules"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("_platform_boot.py", "pyproject.toml", "tests/conftest.py", "tests/support.py"):
            shutil.copy(ROOT / name, copy / name)
        file = mutant.found(copy)
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
