"""A table in; statistics that can be checked by hand, a report, and a picture with something on it. Bad files are named
by line."""
import csv
import io
import json
import statistics
from pathlib import Path

import pytest
from PIL import Image

ASSET = Path(__file__).resolve().parents[2] / "tenants/q7RwTz/assets/seattle-weather.csv"


@pytest.fixture
def profiled(module, bound, tmp_path):
    """The result and the outputs folder for a table's bytes."""
    def run(data: bytes, title: str = "Table profile"):
        (tmp_path / "table.csv").write_bytes(data)
        runner = module("table_profile")
        return runner.run(table=bound(tmp_path / "table.csv"), title=title), runner.outputs
    return run


def column(outputs: Path, name: str) -> dict:
    return next(item for item in json.loads((outputs / "profile.json").read_text())["columns"] if item["name"] == name)


def test_numbers_that_can_be_checked_by_hand(profiled):
    result, outputs = profiled(b"n\n1\n2\n3\n4\nNA\n10\n")
    assert result == {"status": "COMPLETED"}
    assert column(outputs, "n") == {
        "name": "n", "type": "integer", "count": 5, "missing": 1, "distinct": 5, "min": 1.0, "max": 10.0, "mean": 4.0,
        "median": 3.0, "stdev": 3.53553390593, "q05": 1.2, "q25": 2.0, "q75": 4.0, "q95": 8.8,
        "top": [{"value": value, "count": 1} for value in ("1", "10", "2", "3", "4")]}


def test_the_shipped_table_agrees_with_the_standard_library(profiled):
    result, outputs = profiled(ASSET.read_bytes())
    assert result == {"status": "COMPLETED"}
    rows = list(csv.DictReader(io.StringIO(ASSET.read_text())))
    assert len(rows) == json.loads((outputs / "profile.json").read_text())["rows"] == 1461
    for name in ("precipitation", "temp_max", "temp_min", "wind"):
        values = [float(row[name]) for row in rows]
        quarters = statistics.quantiles(values, n=4, method="inclusive")
        found = column(outputs, name)
        assert found["mean"] == pytest.approx(statistics.mean(values), rel=1e-11)
        assert found["stdev"] == pytest.approx(statistics.stdev(values), rel=1e-11)
        assert [found["q25"], found["median"], found["q75"]] == pytest.approx(quarters)
    assert column(outputs, "date") | {"top": []} == {
        "name": "date", "type": "date", "count": 1461, "missing": 0, "distinct": 1461, "min": "2012-01-01",
        "max": "2015-12-31", "top": []}
    assert column(outputs, "weather")["top"][0] == {"value": "sun", "count": 714}


@pytest.mark.parametrize(("values", "kind"), [
    ("1 2 -3", "integer"), ("1 2.5 1e3", "number"), ("true False", "boolean"), ("2024-02-29 2023-01-01", "date"),
    ("2023-02-29", "text"), ("2024-01/02", "text"), ("1 two", "text"), ("1e999", "text"), ("NA null", "empty"),
    ("1" * 400, "text"), ("٣", "text")])
def test_a_column_has_the_narrowest_type_that_every_value_has(profiled, values, kind):
    result, outputs = profiled(("k,v\n" + "".join(f"x,{value}\n" for value in values.split())).encode())
    assert result == {"status": "COMPLETED"}
    assert column(outputs, "v")["type"] == kind


@pytest.mark.parametrize(("data", "delimiter"), [
    (b"a,b\n1,2\n", "comma"), (b"a;b\n1,5;2\n", "semicolon"), (b"a\tb\n1\t2\n", "tab"), (b"a|b\n1|2\n", "bar"),
    (b"only\n1\n", "comma"),
    (b"a;b,c\n1,5;2\n1;3\n", "semicolon"),
    ("a;ä\n1;2\n".encode("utf-16"), "semicolon"), (b"\xef\xbb\xbfa,b\n1,2\n", "comma")])
def test_delimiter_and_encoding_are_found(profiled, data, delimiter):
    result, outputs = profiled(data)
    assert result == {"status": "COMPLETED"}
    profile = json.loads((outputs / "profile.json").read_text())
    assert profile["table"]["delimiter"] == delimiter
    assert profile["columns"][0]["name"] in ("a", "only")


@pytest.mark.parametrize(("data", "told"), [
    (b"", "no header"),
    (b"a,b\n", "a header and no rows"),
    (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, the header has 2"),
    (b'a,b\n"1\n2",2\n1\n', "line 4 has 1 fields, the header has 2"),
    (b'a,b\n1,"open\n2,3\n', "line 2"),
    (b'a,b\n1,"x"y\n', "line 2"),
    (b"a,a\n1,2\n", "the column 'a' twice"),
    (b"a,\n1,2\n", "column 2 of the header has no name"),
    (b"a,b\n1,\xff\n", "line 2 is not utf-8"),
    (b"a,b\n1,\0\n", "line 2 has a NUL"),
    (b"\x89PNG\r\n\x1a\n\0\0", "line 1 is not utf-8"),
    (b'"a,b\n1,2\n', "line 1"),
])
def test_what_is_no_table_is_refused_with_its_line(profiled, data, told):
    result, outputs = profiled(data)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "bad_input_format")
    assert told in result["message"]
    assert list(outputs.iterdir()) == []


def test_text_from_the_table_cannot_break_the_report(profiled):
    result, outputs = profiled(b'a\n"<b>|x|\n# y"\nz\n', title="T | <i>")
    assert result == {"status": "COMPLETED"}
    report = (outputs / "report.md").read_text()
    assert r"| \<b\>\|x\| \# y | 1 | 50.0% |" in report
    assert report.startswith("# T \\| \\<i\\>\n")


def test_the_chart_is_a_picture_with_a_panel_for_each_column(profiled):
    _, outputs = profiled(ASSET.read_bytes(), title="Seattle weather")
    with Image.open(outputs / "chart.png") as picture:
        assert picture.size == (48 + 3 * 460, 48 + 64 + 2 * 300)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert {(47, 111, 159), (63, 143, 107)} <= colours  # histograms and bars


def test_the_chart_of_many_columns_says_what_it_leaves_out_and_odd_columns_draw(profiled):
    names = ",".join(f"c{index}" for index in range(20))
    one = ",".join(["5", "", "2024-01-01", "x" * 300, *["1"] * 16])
    result, outputs = profiled(f"{names}\n{one}\n{one}\n".encode(), title="A title that is far too long " * 4)
    assert result == {"status": "COMPLETED"}
    with Image.open(outputs / "chart.png") as picture:
        assert picture.size == (48 + 3 * 460, 48 + 64 + 4 * 300)
