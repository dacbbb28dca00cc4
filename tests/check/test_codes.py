"""Every code that the source can give is explained, every explained code can be given, and the page says the same."""
import ast
from functools import cache
from pathlib import Path

from platform.model.codes import CODES

ROOT = Path(__file__).resolve().parents[2]
OTHER = {"workflow-unsafe"}  # scripts/check_workflows gives it; `explain` is about orders and configuration
PLATFORM = ROOT / "platform"
LISTS = {PLATFORM / "model" / f"{name}_codes.py" for name in ("file", "order", "operator")}


@cache
def parsed() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text()) for path in PLATFORM.rglob("*.py") if path not in LISTS)


def texts(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def position_of_code(node: ast.AST) -> dict[str, int]:
    """Which argument of a function, or of a class of values, is named `code`."""
    match node:
        case ast.FunctionDef():
            names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
        case ast.ClassDef():
            names = [item.target.id for item in node.body
                     if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
        case _:
            return {}
    return {node.name: names.index("code")} if "code" in names else {}


def codes_given() -> set[str]:
    """The codes that a call gives as text, to anything that takes a `code`."""
    takes = {name: at for tree in parsed() for node in ast.walk(tree) for name, at in position_of_code(node).items()}
    found = set()
    for node in (node for tree in parsed() for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in takes:
            given = [word.value for word in node.keywords if word.arg == "code"] or node.args[takes[name]:][:1]
            found |= {text for value in given for text in texts(value)}
    return found


def test_every_code_that_the_source_gives_is_explained() -> None:
    """conftest.py looks at each problem of a test, too: also at those whose code comes from a table."""
    given = {code for code in codes_given() if "-" in code}
    assert given - set(CODES) == OTHER
    assert len(given & set(CODES)) > len(CODES) / 2


def test_every_code_that_is_explained_is_in_the_source() -> None:
    assert set(CODES) - set().union(*map(texts, parsed())) == set()


def test_the_page_of_errors_lists_them_all_with_cause_and_fix():
    page = (ROOT / "docs/errors.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        f"| `{code}` | {CODES[code].cause} | {CODES[code].fix} |" for code in sorted(CODES)]


def test_nearly_every_code_is_given_by_a_case_in_these_tests():
    """What is left is given by other packages, or needs a disk that refuses."""
    files = [path for folder in ("config", "check", "maintain") for path in (ROOT / "tests" / folder).rglob("*")]
    tests = "".join(path.read_text() for path in files
                    if path.suffix in (".py", ".txt") and path.name != Path(__file__).name)
    assert {code for code in CODES if code not in tests} <= {
        "secrets-missing", "package-missing", "file-unreadable", "asset-unreadable"}
