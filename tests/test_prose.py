"""The prose linter finds what docs/style.md forbids, at its place, and reads prose only."""
import os
from pathlib import Path

import pytest

from tests import in_process

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("proselint", reason="proselint is not installed")


def lint(*words: str | Path) -> tuple[int, list[str]]:
    script = ROOT / "scripts" / "lint_prose"
    done = in_process.run(in_process.script(script), [str(script), *map(str, words)], ROOT, os.environ)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(("text", "place", "found"), [
    ("Fine.\n\nA file lies here.\n", "3:8", "prose[words]: write 'is' instead of 'lies here'"),
    ("| a | the cache\n| is over |\n", "2:3", "write 'expired, ended, or finished' instead of 'is over'"),
    ("It " + "is so " * 20 + "long.\n", "1:1", "prose[sentence]: 42 words"),
    ("One; two; three.\n", "1:1", "prose[semicolons]"),
    ("It is for ever.\n", "1:7", "prose[archaism]"),
])
def test_a_finding_names_its_place_and_what_to_write(tmp_path: Path, text: str, place: str, found: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    status, lines = lint(page)
    assert status == 1
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"{page}:{place}: ")
    assert found in lines[0]


@pytest.mark.parametrize("text", [
    "```\nwhat stands here\n```\n", "Use `it stands here`.\n", "<!-- what stands here -->\n",
    "<!-- prose: off -->\nWhat stands here.\n<!-- prose: on -->\n", "[a link](stands-here)\n",
    "One short sentence. " * 20 + "\n", "| one; two; three |\n",
])
def test_code_and_examples_are_not_prose(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    assert lint(page) == (0, [])


def test_descriptions_of_a_table_are_prose_and_nothing_else_of_it(tmp_path: Path) -> None:
    table = tmp_path / "reasons.yml"
    table.write_text("# What stands here.\nreasons:\n  - {slug: room, description: It is over.}\n"
                     "  - {slug: b, description: 'It''s told.', refundable: true}\n")
    status, lines = lint(table)
    assert status == 1
    assert [line.removeprefix(f"{table}:").split(" prose")[0] for line in lines] == ["3:34:", "4:35:"]


def test_descriptions_of_a_schema_are_prose(tmp_path: Path) -> None:
    schema = tmp_path / "a.json"
    schema.write_text('{"title": "What stands here", "description": "A \\"x\\" is over.",\n "enum": ["told"]}\n')
    assert [line.removeprefix(f"{schema}:").split(" prose")[0] for line in lint(schema)[1]] == ["1:55:"]


def test_docstrings_and_messages_are_counted_by_package(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    code = '"""A file lies here for you."""\nX = f"{1} of it is over by now"\nroom = "x"\n'
    (tmp_path / "one" / "a.py").write_text(code)
    status, lines = lint("--code", tmp_path, "--list")
    assert status == 0
    assert [line.split()[-2:] for line in lines[2:]] == [["2", "one"], ["in", "all"]]
    assert lines[1].startswith(f"{tmp_path}/one/a.py:2:")
