"""The rules of derived files, as tables: choice lists between markers, and the first difference of two texts."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.maintain.choices import has_markers, rewritten
from platform.maintain.drift import drift
from platform.maintain.facts import RepositoryFacts
from platform.model.ids import OrderId
from platform.model.order import Order
from platform.model.prices import TopupMethod
from platform.model.problem import SourcePosition
from platform.model.repo import Repo
from platform.model.tenant import Tenant

ORDERS = {OrderId("q7RwTz", name): Order("q7RwTz", name, enabled=enabled)
          for name, enabled in (("tea", True), ("cup", True), ("draft", False))}
METHODS = {name: TopupMethod(name, name, enabled, "") for name, enabled in (("bank-wire", True), ("cheque", False))}
FACTS = RepositoryFacts(Repo(".", tenants={name: Tenant(name, name) for name in ("q7RwTz", "nxlkGI")}, orders=ORDERS,
                             topup_methods=METHODS), lambda _: "")


@pytest.mark.parametrize(("before", "after"), [
    (b"", b""),
    (b"  # maintenance:begin tenants\n  # maintenance:end tenants\n",
     b'  # maintenance:begin tenants\n  - "nxlkGI"\n  - "q7RwTz"\n  # maintenance:end tenants\n'),
    (b"# maintenance:begin workorders\nold\n# maintenance:end workorders",
     b'# maintenance:begin workorders\n- "q7RwTz/cup"\n- "q7RwTz/tea"\n# maintenance:end workorders'),
    (b"\t# maintenance:begin topup_methods\r\n\t- x\r\n    # maintenance:end topup_methods\r\nx",
     b'\t# maintenance:begin topup_methods\r\n\t- "bank-wire"\r\n    # maintenance:end topup_methods\r\nx'),
    (b"# maintenance:begin modules\n# maintenance:end modules\n",
     b'# maintenance:begin modules\n- "none"\n# maintenance:end modules\n'),
    (b"# see maintenance:begin tenants\n#maintenance:begin tenants\n", b"# see maintenance:begin tenants\n"
     b"#maintenance:begin tenants\n"),
])
def test_what_stands_between_markers_is_replaced(before: bytes, after: bytes) -> None:
    assert rewritten(before, "w.yml", FACTS) == (after, [])
    assert rewritten(after, "w.yml", FACTS) == (after, [])


@pytest.mark.parametrize(("lines", "places"), [
    ("# maintenance:begin tenants", [(1, "does not end")]),
    ("x\n  # maintenance:end tenants", [(2, "did not begin")]),
    ("# maintenance:begin tenents\n# maintenance:end tenents", [(1, "no list 'tenents'"), (2, "no list 'tenents'")]),
    ("# maintenance:begin\n", [(1, "no list ''")]),
    ("# maintenance:begin tenants\n# maintenance:end modules", [(2, "modules ends here but did not begin")]),
    ("# maintenance:begin tenants\n# maintenance:begin modules\n# maintenance:end modules",
     [(2, "inside tenants")]),
])
def test_wrong_markers_are_told_with_their_line(lines: str, places: list[tuple[int, str]]) -> None:
    problems = rewritten(lines.encode(), "w.yml", FACTS)[1]
    assert [(problem.place.line, problem.code) for problem in problems] == [(line, "maintenance-marker")
                                                                            for line, _ in places]
    assert all(words in problem.what for problem, (_, words) in zip(problems, places, strict=True))


@given(st.lists(st.sampled_from([b"a: b", b"", b"\xff\r", b"  - x", b"# maintenance"]), max_size=8))
def test_a_file_without_markers_keeps_every_byte(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    assert (rewritten(data, "w.yml", FACTS), has_markers(data)) == ((data, []), False)


RIGHT = b'id,name,note\na,Ann,"one, two"\nb,Bob,"two\nlines"\nc,Cy,\n'


@pytest.mark.parametrize(("ours", "place", "what"), [
    (RIGHT.replace(b"Ann", b"Eve"), (2, 3), "row a Ann, column name: is 'Eve', should be 'Ann'"),
    (RIGHT.replace(b"one, two", b"one, three"), (2, 7), "row a Ann, column note: is 'one, three', should be"),
    (RIGHT.replace(b"c,Cy,", b"c,Cy,x"), (5, 6), "row c Cy, column note: is 'x', should be ''"),
    (RIGHT.replace(b"a,Ann", b"a,Ann,more"), (2, 7), "row a Ann, column note: is 'more', should be 'one, two'"),
    (RIGHT.replace(b'a,Ann,"one, two"\n', b""), (2, 1), "row a Ann is missing before this line"),
    (RIGHT.replace(b"c,Cy,\n", b""), (5, 1), "row c Cy is missing before this line"),
    (RIGHT.replace(b"c,Cy", b"bb,Be,\nc,Cy"), (5, 1), "row bb Be should not exist"),
    (RIGHT + b"d,Di,\n", (6, 1), "row d Di should not exist"),
    (RIGHT.replace(b"id,name", b"id,nome"), (1, 4), "row id name, column name: is 'nome'"),
    (RIGHT.replace(b"\nc,Cy,\n", b"\nc,Cy,"), (5, 6), "the last line has no line end"),
    (RIGHT.replace(b"Ann", b'"Ann"'), (2, 3), "should be 'a,Ann,\"one, two\"'"),
    (b"\xef\xbb\xbf" + RIGHT, (1, 1), "is '\\ufeffid', should be 'id'"),
    (b"", (1, 1), "row id name is missing before this line"),
    (b"\xff\0", (1, 1), ""),
    (None, (1, 1), "is missing"),
])
def test_the_first_difference_is_named_by_row_and_column(ours: bytes | None, place: tuple[int, int], what: str) -> None:
    found = drift("t.csv", ours, RIGHT)
    assert found is not None and (found.place, found.code) == (SourcePosition("t.csv", *place), "maintenance-drift")
    assert what in found.what


@given(st.binary(max_size=60))
def test_other_bytes_are_always_drift_and_the_same_never(data: bytes) -> None:
    for file in ("t.csv", "t.yml"):
        assert (drift(file, data, RIGHT) is None) == (data == RIGHT)
    assert drift("t.csv", RIGHT, RIGHT) is None
