"""Whatever is in a file, reading it ends in values or in problems of one line, and never in an exception."""
import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platform.config.csv import read_csv
from platform.config.parse import order
from platform.config.read import read_yaml
from platform.config.schema import problems_of, schema, schema_faults
from platform.model.characters import refused_in

PIECES = st.sampled_from([
    "work_order_id: ", "steps:", "\n", "  ", "- ", "step_id: a", "inputs: ", "{", "}", "[", "]", ": ", ", ", "'", '"',
    "&a ", "*a", "!!str ", "|", ">", "---\n", "%YAML 1.1\n", "\t", "# x", "\\", "012", ".nan", "0x1F", "1e999", "~",
    "from_step: b", "asset: c", "selector: text", "enabled: off", "? ", "<<: ", "ä", "\u2028", "\x85", "\0", "\x1b",
])
BYTES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=60).map(lambda parts: "".join(parts).encode()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4), max_leaves=20)
WORK_ORDER = schema("workorder")["examples"][1]


def one_line(problems) -> bool:
    return all(not refused_in(str(problem)) and problem.place.line >= 1 for problem in problems)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(BYTES)
def test_any_bytes_are_values_or_problems(data):
    document = read_yaml(data, "f.yml")
    assert one_line(document.problems)
    assert document.complete or document.problems
    if document.complete:
        found = schema_faults("workorder", document.value)
        assert one_line(problems_of(found, document.source))
        if not found and not document.problems:
            order("nxlkGI", document.value, document.source)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_value_in_any_field_is_accepted_or_told(value):
    for field in ("mode", "steps", "metadata", "enabled", "promotions"):
        changed = {**WORK_ORDER, field: value}
        found = schema_faults("workorder", changed)
        assert not any(refused_in(fault.what + fault.fix) for fault in found)
        if not found:
            order("nxlkGI", changed, read_yaml(b"a: 1", "f.yml").source)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='a,"\n\r 1', max_size=60).map(
    lambda text: ("topup_method_id,name,enabled,instructions\n" + text).encode())))
def test_any_table_is_rows_or_problems(data):
    rows, problems = read_csv(data, "config/topup_methods.csv", schema("topup_methods"))
    assert one_line(problems)
    assert all(row.source.place().line >= 1 for row in rows)


@settings(max_examples=50, deadline=None)
@given(st.integers())
def test_the_order_of_keys_in_a_file_means_nothing(seed):
    def shuffled(value):
        if isinstance(value, dict):
            keys = list(value)
            random.Random(seed).shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    def parsed(value):
        document = read_yaml(yaml.safe_dump(value, sort_keys=False).encode(), "f.yml")
        assert document.problems == ()
        return order("nxlkGI", document.value, document.source)

    assert parsed(shuffled(WORK_ORDER)) == parsed(WORK_ORDER)
