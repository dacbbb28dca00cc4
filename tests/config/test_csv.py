"""Tables: what a row holds and where each of its fields begins."""
import pytest

from platform.config.csv import read_csv
from platform.config.schema import RowRules, schema
from platform.config.tables import METHOD_TABLE, PAYMENTS, PRICE_TABLE, PROMOTIONS, read_table

HEADER = b"topup_method_id,name,enabled,instructions\n"


def read(data):
    return read_csv(data, "m.csv", schema("topup_methods"))


def test_a_row_is_typed_and_every_field_has_its_place():
    rows, problems = read(HEADER + b'bank-wire,"Wire, by bank",true,\n')
    assert problems == []
    assert rows[0].values == {"topup_method_id": "bank-wire", "name": "Wire, by bank", "enabled": True}
    assert rows[0].source.place("enabled") == ("m.csv", 2, 27)


def test_a_quoted_field_may_go_over_lines_and_hold_quotes_and_the_next_row_knows_its_line():
    rows, problems = read(HEADER + b'a,"one\ntwo ""three""",true,x\r\nb,B,false,\r\n\r\n')
    assert problems == []
    assert rows[0].values["name"] == 'one\ntwo "three"'
    assert rows[0].source.place("instructions") == ("m.csv", 3, 21)
    assert rows[1].source.place() == ("m.csv", 4, 1)


def test_a_text_in_quotes_has_one_form_however_its_lines_end():
    unix = HEADER + b'a,"one\ntwo",true,x\nb,B,1,\n'
    one, other = read(unix), read(unix.replace(b"\n", b"\r\n"))
    assert [row.values for row in one[0]] == [row.values for row in other[0]]
    assert [row.source.marks for row in one[0]] == [row.source.marks for row in other[0]]


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_missing():
    rows, problems = read(b"\xef\xbb\xbfenabled,topup_method_id,name\r\nfalse,a,A\r\n")
    assert problems == []
    assert rows[0].values == {"enabled": False, "topup_method_id": "a", "name": "A"}


@pytest.mark.parametrize("text", ["True", "yes", "1", " true", "TRUE"])
def test_a_boolean_is_true_or_false_and_nothing_like_it(text):
    rows, _ = read(HEADER + f"a,A,{text},\n".encode())
    assert [fault.path for fault in rows[0].faults] == [("enabled",)]


@pytest.mark.parametrize("text", ["+5", "05", "5.0", " 5", "5 ", "five", "1e3", "５", "9" * 5000])
def test_a_whole_number_is_plain_digits(text):
    rows, _ = read_csv(b"module_id,deliverable_id,price_credits,effective_from,active\na,b,"
                       + text.encode() + b",2026-01-01,true\n", "p.csv", schema("module_prices"))
    assert [fault.path for fault in rows[0].faults] == [("price_credits",)]


@pytest.mark.parametrize(("data", "line"), [
    (b"", "m.csv:1:1: error[file-empty]: is empty; write it, or delete it"),
    (HEADER + b"a,\0,true,\n", "m.csv:2:3: error[nul-character]: there is a NUL character; remove it; is this a text "
     "file?"),
    (HEADER + b"a,\xff,true,\n", "m.csv:2:3: error[not-utf8]: byte 0xff is not UTF-8 text; save the file as UTF-8"),
    (HEADER + b'a,"b"c,true,\n', "m.csv:2:6: error[csv-quotes]: there is text next to a quoted text; quote the whole "
     "field, and double the quotes in it"),
    (HEADER + b'a,b"c",true,\n', "m.csv:2:4: error[csv-quotes]: there is text next to a quoted text; quote the whole "
     "field, and double the quotes in it"),
    (HEADER + b"a,b\n", "m.csv:2:1: error[csv-fields]: the row has 2 fields, but the header has 4; write every "
     "field, and "
     "put text with commas in quotes"),
])
def test_what_has_no_form_is_said_at_its_place(data, line):
    assert [str(problem) for problem in read(data)[1]] == [line]


def test_of_a_table_with_very_many_faults_the_first_are_told_and_it_stops_everything():
    rows, problems = read_table(METHOD_TABLE, HEADER + b"a,b,maybe,\n" * 10_000)
    assert rows == []
    assert 100 < len(problems) < 110
    assert (problems[-1].code, problems[-1].subject) == ("too-many-problems", ())


@pytest.mark.parametrize("table", [PRICE_TABLE, PROMOTIONS, METHOD_TABLE, PAYMENTS], ids=lambda table: table.name)
def test_a_tables_schema_has_rules_for_single_columns_only(table):
    """What `RowRules` builds on."""
    of_rows = {"type", "properties", "required", "additionalProperties"}
    about = {"$schema", "$id", "title", "description", "examples"}
    assert schema(table.name).keys() <= of_rows | about
    assert not any("$ref" in rule for rule in schema(table.name)["properties"].values())


def test_a_value_is_judged_once_and_a_wrong_one_in_every_row():
    rules = RowRules("topup_methods")
    right = {"topup_method_id": "bank-wire", "name": "Bank wire", "enabled": True}
    wrong = {**right, "topup_method_id": "Bank wire!"}
    for _ in range(2):
        assert rules.faults(right) == []
        assert [fault.path for fault in rules.faults(wrong)] == [("topup_method_id",)]
        assert [fault.path for fault in rules.faults({"name": "Bank wire", "enabled": True})] == [("topup_method_id",)]


@pytest.mark.parametrize(("data", "told"), [
    (b"topup_method_id;name;enabled;instructions\nbank-wire;Bank;true;\n", "the fields are separated by semicolons"),
    (b"\xef\xbb\xbftopup_method_id\tname\tenabled\tinstructions\n", "the fields are separated by tabs"),
    (b"sep=;\r\ntopup_method_id;name;enabled;instructions\r\n", "Excel's `sep=` line"),
    (b"sep=,\r\ntopup_method_id,name,enabled,instructions\r\n", "Excel's `sep=` line"),
])
def test_a_table_that_excel_saved_is_told_as_such(data, told):
    rows, [problem] = read_csv(data, "config/topup_methods.csv", schema("topup_methods"))
    assert (rows, problem.code) == ([], "csv-header")
    assert told in problem.what
    assert "separated by commas" in problem.fix
