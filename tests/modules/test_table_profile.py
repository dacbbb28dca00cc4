"""A table in; statistics that can be checked by hand, a report, and a picture with something on it. Bad files are named
by line."""
import csv
import io
import json
import math
import random
import statistics
import tracemalloc
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

ASSET = Path(__file__).resolve().parents[2] / "tenants/q7RwTz/assets/seattle-weather.csv"


@pytest.fixture
def profiled(module, bound, tmp_path):
    """The result and the outputs folder for a table's bytes."""
    def run(data: bytes, title: str = "Table profile", **more):
        (tmp_path / "table.csv").write_bytes(data)
        runner = module("table_profile")
        return runner.run(table=bound(tmp_path / "table.csv"), title=title, **more), runner.outputs
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
    ("1" * 400, "text"), ("٣", "text"), ("00123", "text"), ("-07 8", "text"), ("00.5", "text"),
    ("0 0.0 -0 0e5", "number"), ("1e-400", "number")])
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
    (b'a,b\n"1\n2",2\n1\n', "line 4 has 1 field, the header has 2"),
    (b"\n<!DOCTYPE html>\n<p>a\n", "the file is HTML or XML"),
    (b"\xef\xbb\xbf<?xml version='1.0'?>\n<a/>\n", "the file is HTML or XML"),
    (b"<html lang=en>\n<p>a\n", "the file is HTML or XML"),
    (b'[\n  {"a": 1},\n  {"a": 2}\n]\n', "the file is JSON"),
    (b'{"a": [1, 2]}\n{"a": [3, 4]}\n', "the file is JSON"),
    (b'a,b\n1,"open\n2,3\n', "line 2"),
    (b'a,b\n1,"x"y\n', "line 2"),
    (b"a,a\n1,2\n", "the column 'a' twice"),
    (b"a,\n1,2\n", "column 2 of the header has no name"),
    (b"Sales 2026\nday,sum\n1,2\n", "line 1 is not a header: it has 1 field, and the lines below it have 2"),
    (b"Sales 2026\nday;sum;n\n1;2;3\n", "divided by semicolon"),
    (b"Sales, 2026\nday;sum;n\n1;2;3\n", "line 1 is not a header"),
    (b"Sales, 2026\nday,sum,n\n1,2,3\n", "line 1 is not a header: it has 2 fields, and the lines below it have 3"),
    (b"Sales 2026\na,b\n", "line 1 is not a header"),
    (b"Sales 2026,,\na,b,c\n1,2,3\n", "remove a title"),
    (b"sep=;\n", "no header"),
    (b"sep=;\na;b\n1\n", "line 3 has 1 field,"),
    ("a,b\n1,2\n".encode("utf-16-le"), "line 1 has a NUL"),
    ("a;b\n1;2\n".encode("utf-16")[:-1], "is not utf-16"),
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


def summary(outputs: Path, name: str) -> dict[str, str]:
    """The numbers of a column as they are written."""
    text = json.loads((outputs / "profile.json").read_text(), parse_float=str, parse_int=str)
    return next(item for item in text["columns"] if item["name"] == name)


def test_integers_and_decimals_are_exactly_as_written(profiled):
    result, outputs = profiled(b"ean,cents\n4006381333931,12345678901.10\n4006381333931,12345678901.10\n")
    assert result == {"status": "COMPLETED"}
    ean, cents = summary(outputs, "ean"), summary(outputs, "cents")
    assert (ean["min"], ean["max"], ean["mean"], ean["median"]) == (
        "4006381333931", "4006381333931", "4006381333931.0", "4006381333931.0")
    assert {cents[name] for name in ("min", "max")} == {"12345678901.10"}
    assert {cents[name] for name in ("mean", "median", "q05")} == {"12345678901.1"}
    row = "| ean | 4006381333931 | 4006381333931 | 4006381333931 | 4006381333931 |"
    assert row in (outputs / "report.md").read_text()


@pytest.mark.parametrize(("values", "least", "most", "mean", "median"), [
    (["9007199254740993", "9007199254740995"], "9007199254740993", "9007199254740995", "9007199254740994.0",
     "9007199254740994.0"),
    (["99999999999999999999", "1"], "1", "99999999999999999999", "5e+19", "5e+19"),
    (["0.1", "0.2", "0.3"], "0.1", "0.3", "0.2", "0.2"),
    (["1234567890123456.78", "1234567890123456.80"], "1234567890123456.78", "1234567890123456.80",
     "1234567890123456.79", "1234567890123456.79"),
    (["1.7e308", "1.7e308"], "1.7e+308", "1.7e+308", "1.7e+308", "1.7e+308"),
    (["1.7e308", "-1.7e308", "1e-300"], "-1.7e+308", "1.7e+308", "3.33333333333e-301", "1e-300"),
    (["1e-999", "2e-999"], "1E-999", "2E-999", "1.5E-999", "1.5E-999"),
    (["-0", "0"], "0", "0", "0.0", "0.0"),
    (["-0.0", "0"], "0.0", "0.0", "0.0", "0.0"),
])
def test_numbers_are_neither_rounded_nor_overflow(profiled, values, least, most, mean, median):
    result, outputs = profiled(("k,n\n" + "".join(f"x,{value}\n" for value in values)).encode())
    assert result == {"status": "COMPLETED"}
    found = summary(outputs, "n")
    assert (found["min"], found["max"], found["mean"], found["median"]) == (least, most, mean, median)
    assert (outputs / "chart.png").stat().st_size > 1000


def test_a_number_that_binary_fractions_take_for_0_is_shown_as_it_is(profiled):
    _, outputs = profiled(b"n,m\n1e-400,1\n2e-400,2\n")
    row = "| n | 1e-400 | 1.25e-400 | 1.5e-400 | 1.5e-400 | 1.75e-400 | 2e-400 |"
    assert row in (outputs / "report.md").read_text()


def test_a_deviation_that_json_readers_cannot_hold_is_left_out(profiled):
    result, outputs = profiled(b"n,m\n1.7e308,1\n-1.7e308,2\n")
    assert result == {"status": "COMPLETED"}
    assert "stdev" not in column(outputs, "n")
    assert "stdev" in column(outputs, "m")


@pytest.mark.parametrize(("values", "distinct", "top"), [
    ("0 -0 +0", 1, "0"), ("1 1.0 +1 2", 2, "1"), ("1 01 2", 3, "01"), ("1e2 100", 1, "1e2"),
    ("true TRUE false", 2, "true"), ("2026-11-24 2026/11/24", 1, "2026-11-24"), ("a A", 2, "A"),
    ("01 x 1", 3, "01"),
])
def test_values_are_distinct_as_what_they_are(profiled, values, distinct, top):
    result, outputs = profiled(("k,v\n" + "".join(f"x,{value}\n" for value in values.split())).encode())
    assert result == {"status": "COMPLETED"}
    found = column(outputs, "v")
    assert (found["distinct"], found["top"][0]["value"]) == (distinct, top)


@pytest.mark.parametrize(("values", "missing_values", "kind", "count", "missing"), [
    ("DE NA FR", None, "text", 3, 0), ("none low Nan high", None, "text", 4, 0), ("1 NA 3", None, "integer", 2, 1),
    ("2026-11-24 null", None, "date", 1, 1), ("true None", None, "boolean", 1, 1), ("NA NA", None, "empty", 0, 2),
    ("DE NA FR", ["NA"], "text", 2, 1), ("DE na FR", ["NA"], "text", 3, 0), ("1 -999 NA", ["-999"], "integer", 1, 2),
    ("1 unknown", ["unknown"], "integer", 1, 1), ("1 unknown", None, "text", 2, 0),
])
def test_words_are_values_of_a_text_column_unless_the_order_says_otherwise(profiled, values, missing_values, kind,
                                                                           count, missing):
    given = {"missing_values": missing_values} if missing_values else {}
    result, outputs = profiled(("k,v\n" + "".join(f"x,{value}\n" for value in values.split())).encode(), **given)
    assert result == {"status": "COMPLETED"}
    found = column(outputs, "v")
    assert (found["type"], found["count"], found["missing"]) == (kind, count, missing)


@pytest.mark.parametrize("first", [b"sep=;\r\n", b"\xef\xbb\xbfsep=;\r\n", b'"sep=;"\n', b"SEP=;\n"])
def test_the_line_by_which_excel_names_its_delimiter_is_known(profiled, first):
    result, outputs = profiled(first + b"a;b\r\n1,5;2\r\n2,5;3\r\n")
    assert result == {"status": "COMPLETED"}
    profile = json.loads((outputs / "profile.json").read_text())
    assert (profile["table"]["delimiter"], profile["table"]["sep_line"], profile["rows"]) == ("semicolon", True, 2)
    assert [(one["name"], one["type"]) for one in profile["columns"]] == [("a", "text"), ("b", "integer")]


def test_a_file_of_one_column_may_have_commas_in_its_texts(profiled):
    result, outputs = profiled(b"remark\nHello, world\nGood day\nOne, two, three\n")
    assert result == {"status": "COMPLETED"}
    assert column(outputs, "remark")["count"] == 3


def test_row_names_without_a_header_are_a_column(profiled):
    result, outputs = profiled(b'"","mpg"\n"Mazda",21\n')
    assert result == {"status": "COMPLETED"}
    assert column(outputs, "column 1")["top"][0]["value"] == "Mazda"


def test_the_statistics_are_those_of_fractions_without_rounding(profiled):
    chance = random.Random(5)
    values = [f"{chance.uniform(-1, 1) * 10 ** chance.randint(-3, 14):.{chance.randint(0, 6)}f}" for _ in range(400)]
    result, outputs = profiled(("n\n" + "\n".join(values) + "\n").encode())
    assert result == {"status": "COMPLETED"}
    found, exact = summary(outputs, "n"), sorted(Fraction(value) for value in values)
    assert Fraction(found["min"]), Fraction(found["max"]) == (exact[0], exact[-1])
    for name, share in (("q05", Fraction(1, 20)), ("median", Fraction(1, 2)), ("q95", Fraction(19, 20))):
        position = share * 399
        below, above = exact[int(position)], exact[int(position) + 1]
        assert Fraction(found[name]) == below + (above - below) * (position - int(position))
    mean = sum(exact) / 400
    assert abs(Fraction(found["mean"]) - mean) <= abs(mean) / 10 ** 11
    variance = sum((value - mean) ** 2 for value in exact) / 399
    assert float(found["stdev"]) == pytest.approx(math.sqrt(variance), rel=1e-11)


@pytest.mark.slow
def test_memory_is_for_distinct_values_and_not_for_rows(profiled):
    rows = b"sun,12.5,2026-11-24\n" * 200_000  # 4 MB, of three distinct values
    tracemalloc.start()
    try:
        result, outputs = profiled(b"weather,degrees,day\n" + rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result == {"status": "COMPLETED"}
    assert json.loads((outputs / "profile.json").read_text())["rows"] == 200_000
    assert peak < 24_000_000  # the chart and this test's own copies of the file; a list of the fields takes 50 MB
