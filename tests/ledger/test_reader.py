"""A ledger that is only read: no lock, no recovery, no permission to write, and one moment while others post."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import verify
from platform.ledger.rules.credit import topup
from tests.ledger.conftest import noon
from tests.support import BOOT, command

ROOT = Path(__file__).resolve().parents[2]
LOOKS = ("status --json", "statement --tenant tenant --json", "quote --json", "integrity-validate --json",
         "ledger verify --json", "ledger export --format jsonl", "ledger audit --json",
         "why step:tenant/tea/mail --json")


class ReadingDisk(Disk):
    """Refuses whatever changes something."""

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        assert not append and not create, path
        return super().open(path)

    def _refuse(self, *_: object) -> None:
        raise AssertionError("a reader changes nothing and locks nothing")

    open_lock = lock = append = write = truncate = replace = remove = sync_folder = _refuse  # type: ignore[assignment]


def give(ledger: Ledger, *references: str) -> None:
    ledger.post(lambda book: [topup("tenant", 1, "wire", name) for name in references])


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_reader_locks_recovers_and_writes_nothing(state: Path, ledger: Ledger) -> None:
    give(ledger, "a", "b")
    ledger.checkpoint()
    give(ledger, "c")
    (state / ".lock").unlink()
    whole = (state / "journal.csv").read_bytes()
    (state / "journal.csv").write_bytes(whole + b"4" + whole.splitlines(keepends=True)[-1][1:50])
    before = held(state)
    reader = Ledger.read(state, ReadingDisk())
    assert (reader.book.balance("tenant"), [record.seq for record in reader.records()]) == (3, [1, 2, 3])
    assert (reader.first_hash(), reader.contains(reader.head())) == (next(reader.records()).hash, True)
    assert (verify(state).findings, verify(state).posts) == ((), 3)
    assert held(state) == before


@pytest.mark.parametrize("tail", [1, 40, 200, -1])
def test_an_unterminated_tail_is_no_post_unless_it_is_whole(state: Path, ledger: Ledger, tail: int) -> None:
    give(ledger, "a")
    give(ledger, "b")
    whole = (state / "journal.csv").read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    (state / "journal.csv").write_bytes(whole[:start + tail] if tail > 0 else whole[:-1])
    assert Ledger.read(state).book.seq == verify(state).posts == (1 if tail > 0 else 2)


def test_damage_is_refused_as_by_who_posts(state: Path, ledger: Ledger) -> None:
    give(ledger, "a", "b")
    whole = (state / "journal.csv").read_bytes()
    for at in range(len(whole)):
        (state / "journal.csv").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        with pytest.raises(CorruptError, match=r"journal\.csv:[123]: ") as reading:
            Ledger.read(state)
        with pytest.raises(CorruptError) as opening:
            Ledger.open(state)
        assert str(reading.value) == str(opening.value)


def test_a_state_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StaleError):
        Ledger.read(tmp_path / "none")
    assert not (tmp_path / "none").exists()


WRITER = """
import sys; sys.path.insert(0, {root!r}); import _platform_boot
from pathlib import Path
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
ledger = Ledger.open(Path({state!r}))
for number in range(150):
    ledger.post(lambda book: [topup("tenant", 1, "wire", f"{{number}}-{{each}}") for each in range(3)])
    if number % 5 == 0:
        ledger.checkpoint()
"""


@pytest.mark.slow
def test_who_reads_while_another_process_posts_reads_one_moment(state: Path, ledger: Ledger) -> None:
    ledger.close()
    writer = subprocess.Popen([sys.executable, "-c", WRITER.format(root=str(ROOT), state=str(state))])
    seen = [0]
    while writer.poll() is None:
        reader = Ledger.read(state)
        records = list(reader.records())
        assert reader.book.balance("tenant") == len(records) == reader.book.seq == reader.head().seq >= seen[-1]
        assert verify(state).findings == ()
        seen.append(len(records))
        reader.close()
    assert writer.returncode == 0
    assert Ledger.read(state).book.seq == 450


class ExchangingDisk(Disk):
    """Another process exchanges the journal after its checkpoint was read and before it is."""

    def __init__(self, journal: Path, other: bytes) -> None:
        self._journal, self._other, self._opened = journal, other, 0

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        if path == self._journal:
            self._opened += 1
            if self._opened == 2:
                path.with_name("state_manifest.json").unlink()
                new = path.with_name("new")
                new.write_bytes(self._other)
                new.replace(path)
        return super().open(path, append=append, create=create)


def test_a_journal_that_is_exchanged_meanwhile_is_no_damage(state: Path, ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger.create(tmp_path / "other", noon)
    give(other, "x")
    give(ledger, "a", "b")
    ledger.checkpoint()
    disk = ExchangingDisk(state / "journal.csv", (tmp_path / "other" / "journal.csv").read_bytes())
    assert [record.post.metadata["reference"] for record in Ledger.read(state, disk).records()] == ["x"]


@pytest.mark.slow
def test_whole_commands_look_without_permission_to_write(delivered_repo: Path) -> None:
    right = {line: command(delivered_repo, f"python -m platform.cli {line}") for line in LOOKS}
    state = delivered_repo / ".billing-state"
    number = (state / "journal.csv").read_bytes().count(b"\n")
    with (state / "journal.csv").open("ab") as file:
        file.write(b"%d,2026-11-2" % number)
    (state / ".lock").unlink(missing_ok=True)
    before, everything = held(state), [delivered_repo, *delivered_repo.rglob("*")]
    modes = {path: path.stat().st_mode for path in everything if not path.is_symlink()}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    try:
        for line, was in right.items():
            done = subprocess.run([*drop, sys.executable, "-c", BOOT, *line.split()], cwd=delivered_repo,
                                  capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout, done.stderr) == (was.returncode, was.stdout, was.stderr), line
        touched = subprocess.run([*drop, "touch", ".billing-state/mine"], cwd=delivered_repo, check=False)
        assert touched.returncode != 0, "the test itself has to be without permission"
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert held(state) == before
