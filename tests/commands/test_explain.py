"""`explain`: every code has its cause, its fix, and wrong and right side by side."""
import json

import pytest

from platform import cli
from platform.config.read import read_yaml
from platform.model.codes import CODES
from platform.model.examples import EXAMPLES

READ = [code for code in EXAMPLES if code.startswith(("yaml-", "number-", "duplicate-key", "nul-", "control-"))
        and code not in ("yaml-boolean", "yaml-too-many")]  # those two need a schema, or a large file


def test_every_code_has_an_example_and_wrong_is_not_right() -> None:
    assert EXAMPLES.keys() == CODES.keys()
    assert [code for code, example in EXAMPLES.items() if example.wrong == example.right] == []


@pytest.mark.parametrize("code", READ)
def test_the_wrong_text_has_that_problem_and_the_right_one_has_none(code: str) -> None:
    assert code in [problem.code for problem in read_yaml(EXAMPLES[code].wrong.encode(), "f.yml").problems]
    assert read_yaml(EXAMPLES[code].right.encode(), "f.yml").problems == ()


@pytest.mark.parametrize("word", ["yaml-tab", "error[yaml-tab]", "warning[yaml-tab]:", "[yaml-tab]"])
def test_a_code_is_explained_as_it_stands_in_a_problems_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", word]) == 0
    assert capsys.readouterr().out == (
        "yaml-tab\n  cause: The file is indented with a tab.\n  fix:  Use spaces.\n\n"
        "  wrong:\n    metadata:\n    \ttitle: Sails\n  right:\n    metadata:\n      title: Sails\n")


def test_without_a_code_all_are_listed_and_as_json_with_their_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == sorted(CODES)
    assert cli.main(["explain", "--json"]) == 0
    assert [item["code"] for item in json.loads(capsys.readouterr().out)["codes"]] == sorted(CODES)
    assert cli.main(["explain", "bad-cron", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "code": "bad-cron", "cause": CODES["bad-cron"].cause, "cure": CODES["bad-cron"].fix,
        "wrong": "schedule_cron: 0 0 6 * * 1", "right": "schedule_cron: 0 6 * * 1"}
