"""One canonical form, whoever writes it: Python's encoder, the same one kept, and msgspec where it may."""
import csv
import hashlib
import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.ledger.journal import columns
from platform.ledger.journal.projections import rows
from platform.ledger.journal.record import Record
from platform.model.digest import base62, canonical_json, canonical_objects, derived_id
from platform.model.entry import Post, PostType

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.one_of(TEXT, st.integers(), st.booleans(), st.none())
ANY = st.recursive(st.one_of(PLAIN, st.floats(allow_nan=False, allow_infinity=False)),
                   lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)))


def canonical_object(value: dict[str, object]) -> bytes:
    """Alone, and beside one that msgspec may not write, which it must not matter to."""
    [alone] = canonical_objects([value])
    assert canonical_objects([{"a": 0.5}, value]) == [b'{"a":0.5}', alone]
    return alone


def plainly(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def test_every_character_is_written_the_same() -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
    for value in ({"text": every}, {every: 1}, dict.fromkeys(every[:12288], 0)):
        assert canonical_object(value) == canonical_json(value) == plainly(value)


@pytest.mark.slow
@given(st.dictionaries(TEXT, st.one_of(PLAIN, ANY)))
def test_every_object_is_written_the_same(value: dict[str, object]) -> None:
    assert canonical_object(value) == canonical_json(value) == plainly(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"deep": float("nan")}])
def test_what_no_file_can_hold_is_refused(value: object) -> None:
    for write in (canonical_object, canonical_json):
        with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
            write({"a": value})


@given(TEXT, TEXT, TEXT)
def test_a_row_is_what_the_csv_writer_makes_of_it(order: str, reason: str, note: str) -> None:
    post = Post("k", "topup", "tenant", PostType.TOPUP, 5, order, reason, note, metadata={"reference": note})
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow([
        derived_id("k"), "tenant", order, "TOPUP", 5, "2026-11-27T00:00:00Z", reason,
        f"'{note}" if note[:1] in ("=", "+", "-", "@") and note else note,
        plainly({"idempotency_key": "k", "kind": "topup", "reference": note}).decode()])
    line = columns.of([Record(1, "2026-11-27T00:00:00Z", "h", post, b"")])
    assert rows(line)["transactions.csv"] == written.getvalue().encode()


@given(st.integers(min_value=0, max_value=2**256 - 1), st.integers(min_value=1, max_value=20))
def test_an_id_is_the_number_in_base_62(number: int, length: int) -> None:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    wanted = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        wanted = digits[digit] + wanted
    assert base62(int.from_bytes(hashlib.sha256(b"").digest()), 20) == derived_id("")
    assert base62(sum(digits.index(each) * 62**place for place, each in enumerate(reversed(wanted))), length) == wanted
