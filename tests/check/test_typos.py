"""One mistyped word gives one error: every word of every file of the small repository, with two letters exchanged."""
import re

import pytest

from tests.check.conftest import FILES

WORD = re.compile(r"[A-Za-z][A-Za-z_-]{2,}")


def mistyped(word: str) -> str:
    return word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word[:-2] + "x" + word[-1]


@pytest.mark.parametrize("file", FILES)
def test_one_typo_is_one_error(small, file: str) -> None:
    text = FILES[file]
    told = {}
    for found in WORD.finditer(text):
        small.put(file, text[:found.start()] + mistyped(found.group()) + text[found.end():])
        errors = [line for line in small.lines() if ": error[" in line]
        if len(errors) > 1:
            told[text.count("\n", 0, found.start()) + 1, found.group()] = errors
    small.put(file, text)
    assert not told
