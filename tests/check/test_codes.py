"""Every code that the source can give is explained, every explained code can be given, and the page says the same."""
import ast
import re
from pathlib import Path

from platform.model.codes import CODES

ROOT = Path(__file__).resolve().parents[2]
OTHER = {"date-time", "day-or-time", "utf-8", "maintenance-state"}  # text of that form which is no code


def codes_in_source() -> set[str]:
    packages = ("config", "check", "app", "doit_plugin", "maintain")
    files = [file for package in packages for file in ROOT.glob(f"platform/{package}/*.py")]
    given = [file for file in files if "Problem" in (text := file.read_text()) or "Fault" in text or "of_" in text]
    return {node.value for file in given for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and re.fullmatch(r"[a-z]+[a-z0-9]*(-[a-z0-9]+)+", node.value)} - OTHER


def test_the_codes_in_the_source_and_the_codes_explained_are_the_same():
    assert codes_in_source() == set(CODES)


def test_the_page_of_errors_lists_them_all_with_cause_and_cure():
    page = (ROOT / "docs/errors.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        f"| `{code}` | {CODES[code].cause} | {CODES[code].cure} |" for code in sorted(CODES)]


def test_nearly_every_code_is_given_by_a_case_in_these_tests():
    """What is left is given by other rooms, or needs a disk that refuses."""
    files = [path for folder in ("config", "check", "maintain") for path in (ROOT / "tests" / folder).rglob("*")]
    tests = "".join(path.read_text() for path in files
                    if path.suffix in (".py", ".txt") and path.name != Path(__file__).name)
    assert {code for code in CODES if code not in tests} <= {"secrets-missing", "file-unreadable", "asset-unreadable"}
