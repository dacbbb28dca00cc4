"""One thing has one name: a type's name is defined once in platform/, any other public name twice at most."""
import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

# Each module of a kind has them: commands, files that are written and read, views.
ENTRY_POINTS = {"add_arguments", "run", "main", "parse", "render", "as_json", "as_text", "T", "__all__"}
PLATFORM = Path(__file__).resolve().parents[1] / "platform"


def defined(body: list[ast.stmt]) -> Iterator[tuple[str, bool]]:
    """The names that a module defines, and whether each is a class."""
    for node in body:
        match node:
            case ast.ClassDef():
                yield node.name, True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, False
            case ast.Assign():
                yield from ((name.id, False) for target in node.targets for name in ast.walk(target)
                            if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, False
            case ast.If() | ast.Try():
                yield from defined(node.body)


def places() -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for path in sorted(PLATFORM.rglob("*.py")):
        for name, is_type in defined(ast.parse(path.read_text()).body):
            found[name][path.relative_to(PLATFORM).as_posix()] = is_type
    return found


def test_a_type_has_a_name_of_its_own() -> None:
    assert {name: list(files) for name, files in places().items() if len(files) > 1 and any(files.values())} == {}


def test_no_other_public_name_is_defined_in_three_places() -> None:
    often = {name: list(files) for name, files in places().items() if len(files) > 2 and name[0] != "_"}
    assert {name: files for name, files in often.items() if name not in ENTRY_POINTS} == {}


def test_what_is_listed_would_show_a_name() -> None:
    body = ast.parse("class A: ...\ndef b(): ...\nC, D = 1, 2\ne: int = 3\nif C:\n    class F: ...\n").body
    assert list(defined(body)) == [("A", True), ("b", False), ("C", False), ("D", False), ("e", False), ("F", True)]
