"""A thousand lines at once are read as one after the other: the same lines are sound, and the same is in them."""
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256

import pytest

from platform.ledger.journal import columns
from platform.ledger.journal.columns import Columns
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.projections import rows
from platform.ledger.journal.record import GENESIS, HEADER, BadRecord, Record, decode
from platform.model.entry import Post, PostType
from tests.faults.work import state_of_posts


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Twenty posts of charges and refunds, and four of other kinds, with all that a field may hold."""
    state = tmp_path_factory.mktemp("columns") / "state"
    state_of_posts(state)
    published = {"step_id": "s", "module_id": "m", "deliverable_id": "d", "artifact_name": "a,b", "sha256": "0" * 64,
                 "bytes": 5, "uri": 'x"y', "status": "published", "transaction_item_id": "t"}
    with closing(Ledger.open(state)) as ledger:
        ledger.post(lambda book: [
            Post("grant", "promotion", "tenant", PostType.TOPUP, 5, note="=5, or",
                 metadata={"promo_code": "WELCOME", "max_uses_per_tenant": 1}),
            Post("done", "completion", "tenant", PostType.SPEND, 0, "tea", metadata={"done": {"t": 0}, "held": {}}),
            Post("out", "publish", "tenant", PostType.SPEND, 0, "tea", metadata=published),
            Post("odd", "topup", "tenant", PostType.TOPUP, 1, note='Tee "grün"', metadata={"deep": [1e16, {"a": 0}]})])
    return (state / "journal.csv").read_bytes().removeprefix(HEADER).splitlines(keepends=True)


def one_by_one(lines: Sequence[bytes]) -> list[Record] | None:
    """The records, None when there is a line that is none."""
    found, seq, head = list[Record](), 0, GENESIS
    for line in lines:
        try:
            found.append(decode(line, seq + 1, head))
        except BadRecord:
            return None
        seq, head = seq + 1, found[-1].hash
    return found


def at_once(lines: Sequence[bytes]) -> Columns | None:
    try:
        return columns.read_columns(b"".join(lines), 0, GENESIS)
    except BadRecord:
        return None


def said(of: Columns | None) -> list[tuple[object, ...]] | None:
    """Everything, line by line."""
    return of and [(*line, body.type, body.amount_credits, body.work_order_id, body.reason_code, body.note, body.items,
                    body.metadata) for *line, body in zip(*of[:-2], of.texts, of.bodies, strict=True)]


def forged(lines: Sequence[bytes], number: int, front: bytes) -> list[bytes]:
    """Lines with another front in one of them, and hashes that are right again."""
    made, prev = list[bytes](), GENESIS.encode()
    for index, line in enumerate(lines):
        head = (front if index == number else line[:-130]) + prev + b","
        prev = sha256(head).hexdigest().encode()
        made.append(head + prev + b"\n")
    return made


def test_sound_lines_say_the_same(lines: list[bytes]) -> None:
    for first in range(1, len(lines)):
        records = one_by_one(lines[:first])
        assert records and said(at_once(lines[:first])) == said(columns.of(records))
    before = one_by_one(lines[:7])
    assert before
    rest = columns.read_columns(b"".join(lines[7:]), 7, before[-1].hash)
    assert (rest.seqs[0], list(rest.hashes)) == (8, [line[-65:-1].decode() for line in lines[7:]])


def test_rows_are_the_same_of_one_line_and_of_all(lines: list[bytes]) -> None:
    records = one_by_one(lines)
    assert records
    whole = rows(columns.of(records))
    assert whole == {name: b"".join(rows(columns.of([record]))[name] for record in records) for name in whole}
    assert all(whole.values())


@pytest.mark.slow
def test_whatever_is_changed_and_hashed_again_is_judged_the_same(lines: list[bytes]) -> None:
    sound = unsound = 0
    for number, line in enumerate(lines):
        front = line[:-130]
        for at in range(0, len(front), 3):
            for byte in (front[at] ^ 1, *b'",{ 0'):
                some = forged(lines[:number + 1], number, front[:at] + bytes([byte]) + front[at + 1:])
                records = one_by_one(some)
                assert said(at_once(some)) == (records and said(columns.of(records)))
                sound, unsound = sound + bool(records), unsound + (not records)
    assert sound > 1000 and unsound > 1000


@pytest.mark.parametrize("front", [
    b"", b",", b',"', b'",', b'1,2,3,4,5,"",', b'1,t,k,t,k,"{}",', b'1,"', b'1,t,k,t,k,"",",', b'01,t,k,t,k,"{}",'])
def test_what_is_no_line_at_all_is_none_to_both(lines: list[bytes], front: bytes) -> None:
    for number in range(3):
        some = forged(lines[:3], number, front)
        assert (one_by_one(some), at_once(some)) == (None, None)


def test_places_and_ends_are_held_to(lines: list[bytes]) -> None:
    assert at_once(lines)
    for some in (lines[1:], [*lines[:4], *lines[5:]], [*lines[:4], lines[5], lines[4], *lines[6:]],
                 [*lines[:3], *lines[2:]], [b"".join(lines)[:-1]], [*lines, b"\n"], [*lines, b"x"], []):
        assert at_once(some) is None
    with pytest.raises(BadRecord, match="does not follow"):
        columns.read_columns(b"".join(lines), 0, "1" * 64)
    with pytest.raises(BadRecord, match="next number"):
        columns.read_columns(b"".join(lines), 1, GENESIS)


def test_records_come_in_columns_of_bounded_length(lines: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_BATCH", 6)
    records = one_by_one(lines)
    assert records
    assert [list(each.seqs) for each in columns.batches(records)] == [
        list(range(1, 7)), list(range(7, 13)), list(range(13, 19)), list(range(19, 25))]
