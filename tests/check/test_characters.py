"""Which characters a line of text takes, told by name where it does not."""
import sys
import unicodedata

import pytest

from platform.check.values import value_faults
from platform.model.characters import escaped, is_line_break, name_of, refused_in, visible
from platform.model.contract import InputPort
from platform.model.formats import is_line
from platform.model.paths import path_fault

ACCEPTED = {
    "an ideographic space": "東京　2026", "a no-break space": "5\xa0kg", "a narrow no-break space": "10\u202f000",
    "a zero width non-joiner": "می\u200cخواهم", "a zero width joiner": "ക്\u200d", "a family": "👨\u200d👩\u200d👧",
    "a variation selector": "❤\ufe0f", "a right-to-left mark": "שלום\u200f!", "an Arabic letter mark": "\u061cعربي",
    "a zero width space": "ภาษา\u200bไทย", "a soft hyphen": "Schiff\xadfahrt", "a combining mark": "e\u0301",
    "a number sign of Arabic": "\u0600123", "a character beyond the BMP": "𒀀 🛥", "figure space": "1\u2007000",
}
REFUSED = {
    "\n": "U+000A LINE FEED", "\r": "U+000D CARRIAGE RETURN", "\v": "U+000B LINE TABULATION", "\f": "U+000C FORM FEED",
    "\x85": "U+0085 NEXT LINE", "\u2028": "U+2028 LINE SEPARATOR", "\u2029": "U+2029 PARAGRAPH SEPARATOR",
    "\0": "U+0000 NULL", "\t": "U+0009 TAB", "\x1b": "U+001B ESCAPE", "\x7f": "U+007F DELETE",
    "\x1c": "U+001C (a control character)", "\x9b": "U+009B (a control character)",
    "\u202a": "U+202A LEFT-TO-RIGHT EMBEDDING", "\u202e": "U+202E RIGHT-TO-LEFT OVERRIDE",
    "\u2066": "U+2066 LEFT-TO-RIGHT ISOLATE", "\u2069": "U+2069 POP DIRECTIONAL ISOLATE",
    "\u206f": "U+206F NOMINAL DIGIT SHAPES", "\ufeff": "U+FEFF ZERO WIDTH NO-BREAK SPACE",
    "\ufff9": "U+FFF9 INTERLINEAR ANNOTATION ANCHOR", "\U000e0041": "U+E0041 TAG LATIN CAPITAL LETTER A",
    "\ue000": "U+E000 (for private use)", "\ufffe": "U+FFFE (an unassigned character)",
    "\U0001ffff": "U+1FFFF (an unassigned character)", "\ud800": "U+D800 (a surrogate)",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_text_of_every_script_is_a_line_and_a_name(text):
    assert refused_in(text) == ""
    assert is_line(text)
    assert path_fault(f"{text}.csv") == ""
    assert value_faults(InputPort("topic", "string", format="line"), text) == []
    assert escaped(text) == text


@pytest.mark.parametrize(("character", "name"), REFUSED.items(), ids=REFUSED.values())
def test_what_breaks_hides_or_turns_a_line_is_refused_by_name(character, name):
    text = f"ab{character}c"
    [fault] = value_faults(InputPort("topic", "string", format="line"), text)
    assert fault.what == f"`topic` has {name} at character 3"
    assert fault.code == ("header-injection" if is_line_break(character) else "control-character")
    assert path_fault(text) == f"has the character {name}"
    assert not refused_in(escaped(text))


@pytest.mark.slow
def test_all_line_breaks_of_unicode_and_no_letter_mark_or_space_of_any_script_are_refused():
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    breaks = [each for each in every if len(f"a{each}b".splitlines()) > 1]
    assert [each for each in every if is_line_break(each)] == breaks
    refused = {each for each in every if refused_in(each)}
    assert not {each for each in refused if unicodedata.category(each)[0] in "LMNPS"
                or unicodedata.category(each) == "Zs"}
    assert {each for each in every if unicodedata.bidirectional(each) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")} <= refused
    assert all(name_of(each).startswith(f"U+{ord(each):04X} ") for each in refused)


def test_a_name_with_a_joiner_looks_different_in_a_message():
    assert visible("seed\u200d_text") == r"seed\u200d_text"
    assert visible("図　表") == "図　表"
