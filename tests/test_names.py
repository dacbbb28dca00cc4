"""One thing has one name: a type's name is defined once in platform/, any other public name twice at most."""
import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

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
