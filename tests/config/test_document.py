"""Files that a program wrote and somebody hands us: whatever they hold, a value or one problem with its place."""
import pytest

from platform.config.document import read_json
from platform.model.problem import Problem

WRONG = {
    "a page of HTML": (b"<html>", "1:1: error[not-json]: this is not JSON"),
    "one that was cut off": (b'{"a": 1,\n "b', "2:2: error[not-json]: this is not JSON"),
    "two in one": (b'{}\n{}', "2:1: error[not-json]: this is not JSON"),
    "nothing": (b"\n", "1:1: error[file-empty]: is empty"),
    "another encoding": (b'{"caf\xe9": 1}', "1:6: error[not-utf8]: byte 0xe9 is not UTF-8 text"),
    "lists in lists": (b"[" * 5000, "1:1: error[not-json]: lists and maps are nested too deeply"),
    "a key twice": (b'{"a": 1, "a": 2}', "1:1: error[duplicate-key]: a map has the duplicate key `a`"),
    "a key twice that does not print": (b'{"\\u202e": 1, "\\u202e": 2}',
                                        "1:1: error[duplicate-key]: a map has the duplicate key `\\u202e`"),
    "more digits than can be read": (
        b"1" * 5000, "1:1: error[number-too-large]: a number has too many digits"),
    "more than may be": (b'"' + b"a" * 6000 + b'"', "1:1: error[file-too-large]: is larger than 5 KiB"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_json_is_one_line_with_its_place(what: str) -> None:
    data, line = WRONG[what]
    found = read_json(data, "no.json", "take another", 5 << 10)
    assert isinstance(found, Problem) and str(found) == f"no.json:{line}; take another"


def test_what_is_json_is_its_value_with_and_without_a_mark_of_byte_order() -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        assert read_json(mark + b'{"a": [1, "\xc3\xa9"]}', "yes.json", "", 1 << 10) == {"a": [1, "é"]}
