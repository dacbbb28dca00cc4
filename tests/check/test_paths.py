"""Names in a package that every system can unpack."""
import pytest

from platform.model.paths import folded, path_fault


@pytest.mark.parametrize("path", ["a", "data/report.json", "Ä/ß.txt", "console.txt", "図　表.csv",
                                  "می\u200cخواهم.txt", "a\xa0b", "a.b.c", "x" * 240, ".hidden"])
def test_a_plain_name_is_right(path):
    assert path_fault(path) == ""


@pytest.mark.parametrize(("path", "fault"), [
    ("", "is empty"), ("/a", "is absolute"), ("a\\b", "has a backslash; separate parts with /"),
    ("C:/a", "begins with a drive"), ("c:a", "begins with a drive"), ("a/../b", "has a part that is .."),
    ("./a", "has a part that is ."), ("a//b", "has a part that is empty"), ("a/", "has a part that is empty"),
    ("a\0b", "has the character U+0000 NULL"), ("a\u202eb", "has the character U+202E RIGHT-TO-LEFT OVERRIDE"),
    ("a?", 'has one of the characters <>:"|?*'), ("a.", "has a part that ends in a dot or a space"),
    ("a /b", "has a part that ends in a dot or a space"), ("x/CON", "has the reserved name CON"),
    ("lpt1.txt", "has the reserved name lpt1.txt"), ("x" * 241, "is longer than 240 characters"),
    ("ä" * 128, "has a part of more than 255 bytes"),
])
def test_a_name_that_some_system_reads_otherwise_is_not(path, fault):
    assert path_fault(path) == fault


def test_names_that_differ_in_case_or_unicode_form_fold_to_one():
    assert folded("Caf\u00e9/A") == folded("cafe\u0301/a")
    assert folded("α\u0345\u0301") == folded("α\u0301\u0345")  # marks in another order, one of which folds to a letter
    assert folded("straße") == folded("STRASSE")
    assert folded("a\u200db") == folded("ab")  # which nobody sees apart
    assert folded("a") != folded("b")
