"""Single changes of a YAML text: everything else stays as it is, character by character."""
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from platform.model.problem import Path
from platform.scaffold.yaml_edit import Add, CannotEdit, Change, Remove, Rename, Replace, edited


@pytest.mark.parametrize(("text", "change", "after"), [
    ("a: 1  # one\nb: 2\n", Remove(("a",)), "b: 2\n"),
    ("a: 1\nb: 2  # two", Remove(("b",)), "a: 1\n"),
    ("a: {x: 1, y: 2}\n", Remove(("a", "x")), "a: {y: 2}\n"),
    ("a: {x: 1, y: 2}\n", Remove(("a", "y")), "a: {x: 1}\n"),
    ("- x: 1\n  # kept\n  y: 2\n", Remove((0, "x")), "- # kept\n  y: 2\n"),
    ("a: |\n  two\n  lines\n\nb: 1\n", Remove(("a",)), "\nb: 1\n"),
    ("a: 1\n\nb: 2\n\nc: 3\n", Remove(("b",)), "a: 1\n\nc: 3\n"),
    ("ä: '😀'\nb: {c: 1}\n", Rename(("b", "c"), "d"), "ä: '😀'\nb: {d: 1}\n"),
    ("a:\n  b: 1\n\n# end\n", Add(("a",), "c", [1, "x"]), "a:\n  b: 1\n  c: [1, x]\n\n# end\n"),
    ("a: {}\n", Add(("a",), "c", 1), "a: {c: 1}\n"),
    ("a:\n", Replace(("a",), "b", {"c": 1}), "b: {c: 1}\n"),
])
def test_a_change_touches_its_field_alone(text: str, change: Change, after: str) -> None:
    assert edited(text, [change]) == after


@pytest.mark.parametrize(("text", "change"), [
    ("? a\n: 1\n? b\n: 2\n", Remove(("a",))),
    ("- a: 1\n", Remove((0, "a"))),
    ("a: |+\n  x\n\n", Add((), "b", 1)),
])
def test_a_layout_that_is_not_understood_is_refused(text: str, change: Change) -> None:
    with pytest.raises(CannotEdit):
        edited(text, [change])


NAMES = st.sampled_from("abcdef")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=12)
VALUES = st.recursive(st.one_of(st.integers(), st.booleans(), st.none(), TEXTS),
                      lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
                      max_leaves=12)


@given(st.dictionaries(NAMES, VALUES, min_size=2, max_size=5), st.data(), st.sampled_from([True, False, None]))
def test_any_field_can_be_removed_from_what_a_program_wrote(value: dict[str, object], data: st.DataObject,
                                                            flow: bool | None) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    names = data.draw(st.lists(st.sampled_from(sorted(value)), unique=True, max_size=len(value) - 1))
    paths: list[Path] = [(name,) for name in names]
    assert yaml.safe_load(edited(text, [Remove(path) for path in paths])) == {
        name: item for name, item in value.items() if name not in names}
