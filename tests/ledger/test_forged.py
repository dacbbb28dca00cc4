"""Files of somebody who can compute a digest: what the ledger does not believe does no harm, and is no traceback."""
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from platform.errors import CorruptError
from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.replay import Verdict
from platform.ledger.proof import line_by_line, parallel
from platform.ledger.proof.audit import rebuild, verify
from platform.ledger.proof.slices import cut
from platform.ledger.rules.credit import topup
from platform.model.digest import digest_of
from tests.faults.work import state_of_posts
from tests.ledger.conftest import noon

OTHER_FILE = "{}:1: names another {} than the journal makes; `ledger fsck --rebuild` makes it again from the journal"


@pytest.fixture
def folder(state: Path) -> Path:
    """Twenty posts, checkpointed, with a snapshot."""
    state_of_posts(state)
    return state


@pytest.fixture(params=["by lines", "in slices"])
def findings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[str, ...]]:
    """What `verify` says of a short journal, and of one as if it were long."""
    if request.param == "in slices":
        monkeypatch.setattr(parallel, "_LONG", 0)
        monkeypatch.setattr(parallel, "cut", partial(cut, slice_bytes=600))
    return lambda folder: verify(folder).findings


def line_ends(folder: Path) -> list[int]:
    return [at + 1 for at, byte in enumerate((folder / "journal.csv").read_bytes()) if byte == ord("\n")]


def is_as_if_it_were_not_there(folder: Path) -> bool:
    """The journal is read from its start, and a post is a post."""
    with closing(Ledger.open(folder, noon)) as ledger:
        assert ledger._exports.snapshot_seq == 0
        before = ledger.book.seq
        assert len(ledger.post(lambda book: [topup("tenant", 1, "wire", "after")])) == 1
    with closing(Ledger.open(folder, noon, snapshot_posts=None)) as ledger:
        return ledger.book.seq == before + 1


@pytest.mark.parametrize("change", [
    "in a line", "a line before", "a line after", "seq", "head", "negative", "none", "huge"])
def test_a_snapshot_of_another_place_is_not_believed(folder: Path, findings: Callable[[Path], tuple[str, ...]],
                                                     change: str) -> None:
    point, book = snapshot.parse((folder / snapshot.NAME).read_bytes())
    journal, ends = (folder / "journal.csv").read_bytes(), line_ends(folder)
    at = {"in a line": point.bytes - 7, "a line before": ends[-2], "a line after": ends[-1], "negative": -5, "none": 0,
          "huge": 2**70}.get(change, point.bytes)
    if change in ("a line after", "seq"):
        point = point._replace(seq=point.seq - 1)
    if change == "head":
        point = point._replace(head="0" * 64)
    covered = b"" if at < 0 else journal[:at]
    point = point._replace(bytes=at, sha256=sha256(covered).hexdigest())
    (folder / snapshot.NAME).write_bytes(snapshot.render(point, book))
    assert findings(folder) == ()
    assert is_as_if_it_were_not_there(folder)


def test_a_snapshot_that_covers_a_torn_line_is_not_believed(folder: Path,
                                                            findings: Callable[[Path], tuple[str, ...]]) -> None:
    point, book = snapshot.parse((folder / snapshot.NAME).read_bytes())
    torn = (folder / "journal.csv").read_bytes() + b"21,2026"
    (folder / "journal.csv").write_bytes(torn)
    point = point._replace(bytes=len(torn), sha256=sha256(torn).hexdigest())
    (folder / snapshot.NAME).write_bytes(snapshot.render(point, book))
    assert findings(folder) == ()
    assert is_as_if_it_were_not_there(folder)


@pytest.mark.parametrize("rest", [b"[" * 100_000 + b"\n", b'{"point":' + b"[" * 100_000 + b"\n",
                                  b'{"point":[1,2,"",""],"rows":[0,0,0],"accounts":[[1.5,1,""]],"uses":[],"states":[],'
                                  b'"facts":[],"open":[]}\n',
                                  b'{"point":[1,2,"",""],"rows":[1e400,1,1]}\n',
                                  b'{"point":[1,2,"",""],"rows":[' + b"9" * 400 + b',1.5,0]}\n'])
def test_a_snapshot_that_is_none_is_not_believed(folder: Path, findings: Callable[[Path], tuple[str, ...]],
                                                 rest: bytes) -> None:
    digest = sha256(rest).hexdigest().encode()
    (folder / snapshot.NAME).write_bytes(snapshot._MAGIC + digest + b"\n" + rest)
    assert findings(folder) == ()
    assert is_as_if_it_were_not_there(folder)


@pytest.mark.parametrize(("place", "value"), [
    *((("head", "seq"), value) for value in ("x", None, [], 1.5, -1)),
    *((("files", "transactions.csv", "bytes"), value) for value in ("x", None, 1.5, -1)),
    *((("files", "transactions.csv", "rows"), value) for value in ("x", -1)),
    (("generation",), "x"), (("files",), []), (("head",), "x")])
def test_a_manifest_of_other_types_is_none(folder: Path, findings: Callable[[Path], tuple[str, ...]],
                                           place: tuple[str, ...], value: object) -> None:
    forge(folder, place, value)
    words = f"{folder / checkpoint.NAME}:1: is not a state manifest; restore it, nothing was changed"
    assert findings(folder) == (words,)
    for use in (Ledger.open, rebuild):
        with pytest.raises(CorruptError, match="is not a state manifest"):
            use(folder)


@pytest.mark.parametrize(("place", "value"), [
    (("files", "transactions.csv", "bytes"), 2**62), (("files", "transactions.csv", "rows"), 77),
    (("files", "transactions.csv", "sha256"), "0" * 64)])
def test_a_manifest_that_names_another_file_is_found_and_made_again(
        folder: Path, findings: Callable[[Path], tuple[str, ...]], place: tuple[str, ...], value: object) -> None:
    forge(folder, place, value)
    assert findings(folder) == (OTHER_FILE.format(folder / checkpoint.NAME, "transactions.csv"),)
    rebuild(folder)
    assert findings(folder) == ()


@pytest.mark.parametrize("posts", [0, 3, 19])
def test_a_manifest_whose_files_are_of_another_line_is_found_and_made_again(
        folder: Path, findings: Callable[[Path], tuple[str, ...]], posts: int) -> None:
    """Nobody who believed it would write the rows between twice."""
    with closing(Ledger.open(folder, noon)) as ledger:
        records = list(ledger.records())
    forge(folder, ("head",), {"seq": posts, "hash": records[posts - 1].hash if posts else "0" * 64})
    assert OTHER_FILE.format(folder / checkpoint.NAME, "transactions.csv") in findings(folder)
    rebuild(folder)
    rows = (folder / "transactions.csv").read_bytes().count(b"\n")
    assert (findings(folder), rows) == ((), 21)


@pytest.mark.parametrize("rows", [0, 2])
def test_a_manifest_whose_files_are_of_fewer_lines_is_found_and_made_again(
        folder: Path, findings: Callable[[Path], tuple[str, ...]], rows: int) -> None:
    whole = b"".join((folder / "transactions.csv").read_bytes().splitlines(keepends=True)[:rows + 1])
    state = {"sha256": sha256(whole).hexdigest(), "bytes": len(whole), "rows": rows}
    forge(folder, ("files", "transactions.csv"), state)
    assert findings(folder) == (OTHER_FILE.format(folder / checkpoint.NAME, "transactions.csv"),)
    rebuild(folder)
    assert findings(folder) == ()


def forge(folder: Path, place: tuple[str, ...], value: object) -> None:
    """Put a value into the manifest, with the digest that it then has."""
    told = json.loads((folder / checkpoint.NAME).read_bytes())
    inner = told
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    del told["digest"]
    (folder / checkpoint.NAME).write_bytes(json.dumps({**told, "digest": digest_of(told)}, indent=1).encode() + b"\n")


def test_verify_reads_line_by_line_what_it_cannot_prove(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the cases above would not be two."""
    monkeypatch.setattr(parallel, "_LONG", 0)
    read = Verdict(0, "", {}, ("line by line",))
    monkeypatch.setattr(line_by_line, "verdict", lambda folder, files: read)
    assert verify(folder) != read
    forge(folder, ("head", "seq"), "x")
    assert verify(folder) == read
