"""One mistyped word gives one error: every word of every file of the small repository, with two letters exchanged and
with a name in its place that is like none."""
import re
from collections.abc import Callable

import pytest

from tests.check.conftest import FILES, ORDER

WORD = re.compile(r"[A-Za-z][A-Za-z_-]{2,}")
WHOLE = """\
work_order_id: UbjkpxZO
enabled: true
artifacts_requested: true
mode: STRICT
promotions: [WELCOME]
metadata: {title: Sails}
steps:
  - step_id: first
    module_id: make
    kind: transform
    deliverables: [all, extra]
    inputs: {topic: sails, count: 3, safe: active, table: {asset: table.csv}, tags: [wind, sea]}
  - step_id: second
    module_id: make
    kind: transform
    needs: [first]
    inputs: {topic: {from_step: first, output_id: report, selector: json, json_path: $.topic}}
  - step_id: package
    module_id: pack
    kind: packaging
    inputs:
      files:
        - {from_step: first, output_id: text, as_path: first.txt}
        - {from_step: first, from_file: report.json, as_path: first.json}
  - step_id: send
    module_id: send
    kind: delivery
    deliverables: [receipt]
    inputs: {package_zip: {from_step: package, output_id: package_zip}, recipient: reader@example.com}
"""


def exchanged(word: str) -> str:
    return word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word[:-2] + "x" + word[-1]


MISTYPED: dict[str, Callable[[str], str]] = {
    "two letters": exchanged, "a letter less": lambda word: word[:-1], "another name": lambda word: "gate",
    "a name from elsewhere": lambda word: "text"}


@pytest.mark.slow
@pytest.mark.parametrize("mistyped", MISTYPED)
@pytest.mark.parametrize("file", [*FILES, "a whole order"])
def test_one_typo_is_one_error(small, file: str, mistyped: str) -> None:
    text = FILES.get(file, WHOLE)
    file = file if file in FILES else ORDER
    small.put(file, text)
    assert not [line for line in small.lines() if ": error[" in line]
    told = {}
    for found in WORD.finditer(text):
        small.put(file, text[:found.start()] + MISTYPED[mistyped](found.group()) + text[found.end():])
        errors = [line for line in small.lines() if ": error[" in line]
        if len(errors) > 1:
            told[text.count("\n", 0, found.start()) + 1, found.group()] = errors
    small.put(file, text)
    assert not told
