"""The schemas say what every field is for, are schemas, and their own examples conform to them."""
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import _WrappedReferencingError

from platform.check.conform import faults, validator
from platform.config.schema import schema, schemas_digest
from platform.toolfiles import SCHEMAS

NAMES = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_has_examples_that_conform(name):
    document = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(document)
    assert document["examples"]
    for example in document["examples"]:
        assert faults(validator(document), example) == []


def inside(document):
    """A schema and all schemas inside it."""
    yield document
    for keyword in ("properties", "$defs"):
        for item in document.get(keyword, {}).values():
            yield from inside(item)
    for keyword in ("items", "additionalProperties", "if", "then", "else", "not"):
        if isinstance(document.get(keyword), dict):
            yield from inside(document[keyword])
    for keyword in ("anyOf", "oneOf", "allOf"):
        for item in document.get(keyword, []):
            yield from inside(item)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_description(name):
    document = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    definitions = document.get("$defs", {})
    fields = [(field, item) for part in inside(document) for field, item in part.get("properties", {}).items()]
    assert fields
    assert [field for field, item in fields if "description" not in item
            and not definitions.get(item.get("$ref", "").rpartition("/")[2], {}).get("description")] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_an_example_or_a_list_of_what_it_may_be_and_the_examples_conform(name):
    """Editors show them. A boolean needs none."""
    document = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    definitions = {"$defs": document.get("$defs", {})}
    fields = [(field, item) for part in inside(document) for field, item in part.get("properties", {}).items()]
    told = {"examples", "enum", "const", "$ref"}
    assert [field for field, item in fields if item.get("type") != "boolean" and not told & item.keys()] == []
    wrong = [(field, fault.what) for field, item in fields for example in item.get("examples", ())
             for fault in faults(validator({**item, **definitions}), example)]
    assert wrong == []


@pytest.mark.parametrize(("name", "field"), [("workorder", "steps"), ("tenant", "tenant_id"), ("module", "version"),
                                             ("reasons", "reasons"), ("receipt", "sha256")])
def test_an_example_without_a_required_field_does_not_conform(name, field):
    example = {key: value for key, value in schema(name)["examples"][0].items() if key != field}
    assert [fault.path for fault in faults(validator(schema(name)), example)] == [(field,)]


def test_an_id_that_ends_in_a_line_end_is_none():
    wrong = {"tenant_id": "nxlkGI\n", "tenant_name": "x"}
    assert [fault.path for fault in faults(validator(schema("tenant")), wrong)] == [("tenant_id",)]


def test_a_schema_that_points_elsewhere_is_never_fetched():
    with pytest.raises(_WrappedReferencingError, match="Unresolvable"):
        faults(validator({"$ref": "http://127.0.0.1:1/schema.json"}), {})


def test_all_schemas_together_have_one_digest():
    assert len(schemas_digest()) == 64
    assert Path(SCHEMAS).name == "schemas"
