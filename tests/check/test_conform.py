"""What jsonschema finds, in words: one row a keyword."""
import pytest

from platform.check.conform import faults, validator
from platform.check.values import check_selected, value_faults
from platform.check.words import nearest, shown, suggestion
from platform.model.contract import Contract, InputPort
from platform.model.order import Binding, Kind, Selector


@pytest.mark.parametrize(("schema", "value", "code", "words"), [
    ({"type": "integer"}, True, "wrong-type", "`x` must be an integer, not true; write an integer"),
    ({"type": "integer"}, 1.0, "wrong-type", "`x` must be an integer, not 1.0; write an integer"),
    ({"type": ["string", "null"]}, 1, "wrong-type", "`x` must be a string or null, not 1; write a string or null"),
    ({"enum": ["active", "off"]}, "of", "not-allowed", "`x` cannot be `of`; did you mean `off`?"),
    ({"const": 3}, 4, "not-allowed", "`x` cannot be 4; write `3`"),
    ({"minimum": 2}, 1, "out-of-range", "`x` is 1; write at least 2"),
    ({"exclusiveMaximum": 2}, 2, "out-of-range", "`x` is 2; write less than 2"),
    ({"multipleOf": 5}, 7, "out-of-range", "`x` is 7; write a multiple of 5"),
    ({"minLength": 2}, "a", "wrong-length", "`x` has 1 character; give it at least 2"),
    ({"maxItems": 1}, [1, 2], "wrong-length", "`x` has 2 items; give it at most 1"),
    ({"pattern": "^a$"}, "a\n", "bad-form", "`x` cannot be `a\\n`; write of the form ^a$"),
    ({"pattern": "^a$", "title": "the letter a"}, "b", "bad-form", "`x` cannot be `b`; write the letter a"),
    ({"format": "date"}, "2025-02-29", "bad-date", "`x` cannot be `2025-02-29`; write of the form date"),
    ({"not": {"type": "string"}}, "a", "not-valid",
     "`x` `a` breaks the rule `not` of its schema; read the field's description in the schema"),
    ({"anyOf": [{"minimum": 3}, {"maximum": 1}]}, 2, "not-valid",
     "`x` 2 breaks the rule `anyOf` of its schema; read the field's description in the schema"),
])
def test_a_value_that_does_not_conform_is_told_in_words(schema, value, code, words):
    (fault,) = faults(validator({"properties": {"x": schema}}), {"x": value})
    assert (fault.path, fault.code, f"{fault.what}; {fault.fix}") == (("x",), code, words)


def test_of_an_item_that_stands_twice_both_places_are_told():
    items = [0, {"a": 1, "b": 2}, {"b": 2, "a": 1}]
    (fault,) = faults(validator({"properties": {"x": {"uniqueItems": True}}}), {"x": items})
    assert fault == (("x", 2), "not-unique", "item 3 of `x` is a duplicate of item 2", "remove one of them", False)


def test_at_most_a_hundred_faults_are_told():
    assert len(faults(validator({"items": {"type": "string"}}), list(range(10_000)))) == 100


@pytest.mark.parametrize("value", [0, 1, "true", None, [], {}])
def test_nothing_but_true_and_false_is_a_boolean(value):
    assert [fault.code for fault in value_faults(InputPort("p", "boolean"), value)] == ["wrong-type"]


def test_a_binding_is_right_for_every_port_until_its_value_is_there():
    port = InputPort("p", "array", schema={"items": {"type": "integer"}, "maxItems": 2, "uniqueItems": True})
    bound = Binding(from_step="a", output_id="b")
    assert value_faults(port, bound) == []
    assert value_faults(port, [bound, 1]) == []
    assert [fault.path for fault in value_faults(port, [bound, "x"])] == [(1,)]
    assert [fault.code for fault in value_faults(port, [bound, bound, 1])] == ["wrong-length"]


@pytest.mark.parametrize(("address", "code"), [
    ("a@example.com", None), ("first.last+tag@mail.example.com", None), ("root@localhost", None),
    ("", "bad-address"), ("a", "bad-address"), ("a@", "bad-address"), ("@b", "bad-address"), ("a@-b.c", "bad-address"),
    ("A <a@example.com>", "bad-address"), ("a@b.c,d@e.f", "two-recipients"), ("a@b.c; d@e.f", "two-recipients"),
    ("a@b.c d@e.f", "two-recipients"), ("a@b.c\n", "header-injection"), ("a@b.c\r\nBcc: d@e.f", "header-injection"),
    ("a@b.c\u2028x", "header-injection"), ("jörg@weather.example", None), ("a@bücher.example", None),
    ("a@127.0.0.1", "bad-address"), ("a@b.c.", "bad-address"), ("a..b@c.d", "bad-address"),
    ("=?utf-8?q?a?=@c.d", "bad-address"), ("a\xa0b@c.d", "bad-address"), (f"{'ä' * 33}@c.d", "bad-address"),
])
def test_one_address_and_nothing_else_is_an_address(address, code):
    assert [fault.code for fault in value_faults(InputPort("to", "string", format="email"), address)] == \
        ([code] if code else [])


def test_a_value_is_shown_in_one_short_line():
    assert shown("a\nb\x1b[31m") == "`a\\nb\\x1b[31m`"
    assert shown("x" * 100) == "`" + "x" * 57 + "...`"
    assert [shown(value) for value in (None, True, 5, [1], {})] == ["null", "true", "5", "a list of 1", "a map of 0"]


def test_the_name_that_was_meant_is_the_nearest_one():
    assert nearest("module_ids", ["module_id", "kind"]) == "module_id"
    assert nearest("QUERIES", ["queries"]) == "queries"
    assert nearest("zzz", ["queries"]) == ""
    assert suggestion("zzz", ["b", "a"]) == "write one of a, b"
    assert suggestion("zzz", []) == "remove it"


ANY = {"$ref": "#/$defs/value", "$comment": "any scalar conforms"}


def test_scalars_that_the_schema_is_sure_of_are_not_looked_at_and_what_holds_more_is(monkeypatch):
    """A list that fills its file is then as quick as its text: no look at each of its items."""
    looked = []
    schema = validator({"items": ANY, "$defs": {"value": {"not": {"type": "object"}}}})
    descend = type(schema).descend
    monkeypatch.setattr(type(schema), "descend", lambda self, item, *rest, **more: (
        looked.append(item), descend(self, item, *rest, **more))[1])
    assert [fault.path for fault in faults(schema, [1, "a", None, {}, True])] == [(3,)]
    assert [item for item in looked if not isinstance(item, dict)] == []


def test_of_a_list_that_is_too_long_the_length_is_told_and_the_rest_is_not_looked_at():
    found = faults(validator({"items": {"type": "string"}, "maxItems": 2}), [1, "a", 2, 3])
    assert sorted((fault.path, fault.code) for fault in found) == [((), "wrong-length"), ((0,), "wrong-type")]


def test_other_forms_of_items_and_properties_are_held_as_ever():
    rest = {"prefixItems": [{"type": "string"}], "items": False}
    assert [fault.code for fault in faults(validator(rest), ["a", 1])] == ["not-valid"]
    texts = {"additionalProperties": {"type": "string"}}
    assert [fault.path for fault in faults(validator(texts), {"a": 1})] == [("a",)]
    assert [fault.path for fault in faults(validator({"properties": {"b": {}}, "additionalProperties": ANY,
                                                      "$defs": {"value": {"maxProperties": 0}}}),
                                           {"a": 1, "b": {"c": 1}, "d": {"e": 1}})] == [("d",)]


@pytest.mark.parametrize(("schema", "kind", "value", "words"), [
    ({"maxLength": 200}, "string", "x" * 300, "input: `subject` has 300 characters; give it at most 200"),
    ({"items": {"maxLength": 2}}, "array", ["a", "bcd"],
     "input: item 2 of `subject` has 3 characters; give it at most 2"),
    ({"properties": {"to": {"maxLength": 2}}}, "object", {"to": "bcd"},
     "input `subject`: `to` has 3 characters; give it at most 2"),
])
def test_a_value_that_a_file_gave_is_told_with_its_limit_and_its_port_once(schema, kind, value, words):
    port = InputPort("subject", kind, schema=schema)
    contract = Contract("mail", "Mail", "1.0.0", Kind.TRANSFORM, "mails", inputs={"subject": port})
    bound = {"subject": Binding(from_step="one", output_id="said", selector=Selector.TEXT)}
    assert check_selected(contract, bound, {"subject": value}) == words
