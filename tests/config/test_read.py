"""One row an error: a YAML file's bytes in, the exact lines out."""
import pytest

from platform.config.read import MAX_BYTES, read_yaml

DEEP = "is nested deeper than 32 levels; flatten it"

BROKEN = [
    # the bytes
    (b"", "f.yml:1:1: error[file-empty]: is empty; write it, or delete it"),
    (b"  \n\n", "f.yml:1:1: error[file-empty]: is empty; write it, or delete it"),
    (b"# only a comment\n", "f.yml:1:1: error[file-empty]: contains no value; write it, or delete it"),
    (b"a: \xe9\n", "f.yml:1:4: error[not-utf8]: byte 0xe9 is not UTF-8 text; save the file as UTF-8"),
    ("ä: b\nc: \xe9\n".encode() + b"d: \xff", "f.yml:3:4: error[not-utf8]: byte 0xff is not UTF-8 text; save the file "
     "as UTF-8"),
    ("a: b\n".encode("utf-16"), "f.yml:1:1: error[not-utf8]: byte 0xff is not UTF-8 text; save the file as UTF-8"),
    (b"a: b\nc: \0\n", "f.yml:2:4: error[nul-character]: there is a NUL character; remove it; is this a text file?"),
    (b"a: \x1b[31m\n", "f.yml:1:4: error[control-character]: there is the character U+001B ESCAPE; remove it"),
    (b"a: " + b"x" * MAX_BYTES, "f.yml:1:1: error[file-too-large]: is larger than 256 KiB; split it"),
    # the form
    (b"a: 1\n\tb: 2\n", "f.yml:2:1: error[yaml-tab]: a tab is used for indentation; use spaces"),
    (b"a:\n  - 1\n b: 2\n", "f.yml:3:2: error[yaml-indentation]: this line does not fit the lines above it; indent it "
     "like its neighbours, and put text with quotes or brackets in quotes"),
    (b"a: b: c\n", "f.yml:1:5: error[yaml-syntax]: a colon is not allowed here; indent the line like its "
     "neighbours, or put a text with a colon in quotes"),
    (b"a: 'b\n", "f.yml:2:1: error[yaml-syntax]: a quote or bracket is never closed; close it"),
    (b"a: [1, 2\n", "f.yml:2:1: error[yaml-syntax]: a bracket is not closed here, or a comma is missing; write `, ` "
     "between values and close the bracket"),
    (b"a: @x\n", "f.yml:1:4: error[yaml-syntax]: this character cannot begin a value; put the value in quotes"),
    (b"[]\n[]\n", "f.yml:2:1: error[yaml-syntax]: the file continues after the end of its value; indent the "
     "line like its "
     "neighbours"),
    # what YAML knows and we refuse
    (b"a: 1\n---\nb: 2\n", "f.yml:2:1: error[yaml-second-document]: a second document begins; keep one document in a "
     "file"),
    (b"%YAML 1.1\n---\na: 1\n", "f.yml:1:1: error[yaml-directive]: there is a % directive; remove it"),
    (b"a: &x [1]\n", "f.yml:1:4: error[yaml-alias]: `&x` is an anchor; write the value where it is used"),
    (b"a: *x\n", "f.yml:1:4: error[yaml-alias]: `*x` is an alias; write the value out"),
    (b"a: &a [*a]\n", "f.yml:1:4: error[yaml-alias]: `&a` is an anchor; write the value where it is used"),
    (b"a: !!python/object:os.system x\n", "f.yml:1:4: error[yaml-tag]: `tag:yaml.org,2002:python/object:os.system` is "
     "a tag; remove it, because types follow from values"),
    (b"a: ! x\n", "f.yml:1:4: error[yaml-tag]: `!` is a tag; remove it, because types follow from values"),
    (b"<<: {a: 1}\n", "f.yml:1:1: error[yaml-merge]: `<<` merges another map; write the fields out"),
    (b"[" * 100_000, f"f.yml:1:33: error[yaml-too-deep]: {DEEP}"),
    (b"- " * 100_000, f"f.yml:1:65: error[yaml-too-deep]: {DEEP}"),
    (b"{a: " * 60_000, f"f.yml:1:129: error[yaml-too-deep]: {DEEP}"),
    (b"- a\n" * 60_000, "f.yml:50000:3: error[yaml-too-many]: there are more than 50000 values; split the file"),
    # keys
    (b"a: 1\nb: 2\na: 3\n", "f.yml:3:1: error[duplicate-key]: `a` is a duplicate of the one at f.yml:1:1; keep one of "
     "them"),
    (b"a: {b: 1, c: 2, 'b': 3}\n", "f.yml:1:17: error[duplicate-key]: `b` is a duplicate of the one at f.yml:1:5; keep "
     "one of them"),
    (b"1: a\n", "f.yml:1:1: error[yaml-key]: the key 1 is not a string; put it in quotes"),
    (b"true: a\n", "f.yml:1:1: error[yaml-key]: the key true is not a string; put it in quotes"),
    (b"? [a]\n: b\n", "f.yml:1:3: error[yaml-key]: a list or map is used as a key; use a string"),
    # values
    (b"a: 012\n", "f.yml:1:4: error[number-ambiguous]: 012 is octal for some YAML readers and decimal for "
     "others; write "
     "12, or '012' in quotes if it is text"),
    (b"a: 0o14\n", "f.yml:1:4: error[number-ambiguous]: 0o14 has different values in different YAML readers; "
     "write it in "
     "decimal, or in quotes if it is text"),
    (b"a: .nan\n", "f.yml:1:4: error[number-not-finite]: .nan is not a finite number; write a finite "
     "number"),
    (b"a: [-.inf]\n", "f.yml:1:5: error[number-not-finite]: -.inf is not a finite number; write a "
     "finite number"),
    (b"a: " + b"9" * 5000, "f.yml:1:4: error[number-too-large]: the number 999999999999... (5000 characters) is too "
     "large; write a number below 2^63, or put it in quotes if it is text"),
    (b"a: 9223372036854775808\n", "f.yml:1:4: error[number-too-large]: the number 9223372036854775808 is too large; "
     "write a number below 2^63, or put it in quotes if it is text"),
    (b"a: 1e999\n", "f.yml:1:4: error[number-too-large]: the number 1e999 is too large; write a number below 2^63, or "
     "put it in quotes if it is text"),
    (b'a: "x\\0"\n', "f.yml:1:4: error[nul-character]: the text contains the character U+0000 NULL; remove it"),
    (b'a: "\\e[31m"\n', "f.yml:1:4: error[control-character]: the text contains the character U+001B ESCAPE; "
     "remove it"),
]


@pytest.mark.parametrize(("data", "line"), BROKEN, ids=[line.split("]")[0][6:] for _, line in BROKEN])
def test_what_is_wrong_with_a_file_is_said_in_one_line_at_its_place(data, line):
    assert [str(problem) for problem in read_yaml(data, "f.yml").problems] == [line]


VALUES = [
    ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-5", -5), ("0", 0),
    ("9223372036854775807", 2**63 - 1), ("1.5", 1.5), ("1e3", 1000.0), ("text", "text"), ("'12'", "12"), ('""', ""),
    # text in YAML 1.2 although something else to readers of 1.1
    ("yes", "yes"), ("off", "off"), ("n", "n"), ("1:30", "1:30"), ("2026-02-30", "2026-02-30"), ("1_000", "1_000"),
    ("08:00", "08:00"), ("1.0.0", "1.0.0"), ("e5", "e5"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_plain_scalar_means_what_yaml_1_2_says(text, value):
    document = read_yaml(f"a: {text}\n".encode(), "f.yml")
    assert document.problems == ()
    assert document.value["a"] == value
    assert type(document.value["a"]) is type(value)


def test_a_byte_order_mark_and_windows_line_ends_are_read_as_if_they_were_not_there():
    document = read_yaml(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - c\r\n", "f.yml")
    assert document.value == {"a": 1, "b": ["c"]}
    assert document.source.place("b", 0) == ("f.yml", 3, 5)


def test_every_value_and_every_key_has_its_place_and_a_missing_one_that_of_what_is_around_it():
    source = read_yaml(b"steps:\n  - step_id: a\n    inputs: {topic: ' b'}\n", "f.yml").source
    assert source.place("steps", 0, "inputs", "topic") == ("f.yml", 3, 21)
    assert source.place("steps", 0, "inputs", "topic", "~key") == ("f.yml", 3, 14)
    assert source.place("steps", 0, "kind") == ("f.yml", 2, 5)
    assert source.place("steps", 7, "kind", "~key") == ("f.yml", 2, 3)


def test_all_problems_of_a_file_are_told_and_of_a_hopeless_one_the_first_hundred():
    document = read_yaml(b"a: 012\nb: .inf\na: 3\n", "f.yml")
    assert [(problem.place.line, problem.code) for problem in document.problems] == [
        (1, "number-ambiguous"), (2, "number-not-finite"), (3, "duplicate-key")]
    hopeless = read_yaml(b"a: b\n" * 10_000, "f.yml").problems
    assert len(hopeless) == 101
    assert hopeless[0].code == "too-many-problems"


def test_of_a_key_that_stands_twice_the_first_value_is_kept_and_of_a_comment_nothing():
    assert read_yaml(b"a: 1\na: {b: 2}\n", "f.yml").value == {"a": 1}
    assert not read_yaml(b"# only a comment\n", "f.yml").complete


def test_a_value_that_was_refused_is_marked_so_that_nobody_complains_about_its_stand_in():
    document = read_yaml(b"a: [1, .nan]\n", "f.yml")
    assert document.replaced == {("a", 1)}
    assert document.complete


@pytest.mark.parametrize(("text", "draft"), [
    ("enabled: false\n", True), ("enabled: true\n", False), ("a: 1\n", False), ("- enabled\n", False),
    ("enabled: false\nenabled: true\n", False), ("enabled: true\nenabled: false\n", False),
    ("enabled: false\na: 1\na: 2\n", True)])
def test_a_file_that_says_two_things_of_enabled_is_not_a_draft(text: str, draft: bool) -> None:
    """A draft's problems are not printed by a run, so nobody would hear that readers differ."""
    assert read_yaml(text.encode(), "order.yml").says("enabled", False) is draft
