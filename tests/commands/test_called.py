"""Messages name commands through `called.command`, so that they have the form in which the tool was called."""
import ast
from collections.abc import Iterator
from pathlib import Path

PLATFORM = Path(__file__).resolve().parents[2] / "platform"
# What is not a hint: the two forms themselves, the completion script, and a rule about workflows' text.
LITERAL = {"called.py", "commands/completion.py", "verify/workflows.py"}


def literals(source: str) -> Iterator[int]:
    """The lines of the string literals, docstrings aside, that contain a form."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(node.body[0].value) for node in ast.walk(tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docs else None
        if isinstance(text, str) and ("python -m platform.cli" in text or "`platform " in text):
            yield node.lineno


def test_no_message_has_a_form_of_its_own() -> None:
    found = {path.relative_to(PLATFORM).as_posix(): lines for path in sorted(PLATFORM.rglob("*.py"))
             if (lines := list(literals(path.read_text())))}
    assert set(found) <= LITERAL, found


def test_a_literal_would_be_found() -> None:
    assert list(literals('"""python -m platform.cli in words"""\nx = f"run `python -m platform.cli {y}`"\n')) == [2]
