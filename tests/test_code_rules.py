"""Rules about the code that no linter has: the length of a file, and no state in modules."""
import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "platform").rglob("*.py"))
LONGEST = 300  # lines
MUTATORS = frozenset({"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
                      "setdefault", "sort", "update"})


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_too_long() -> None:
    assert [named(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST] == []


def mutated(source: str) -> Iterator[str]:
    """What a module changes of its own names after its import, and what it declares global."""
    tree = ast.parse(source)
    own = {name.id for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
           for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                yield from (f"global {name}" for name in names)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if name in own and attr in MUTATORS:
                yield f"{name}.{attr}()"
            case (ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del())
                  | ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del())) if name in own:
                yield f"{name}[...] = or {name}.x ="


def test_no_module_has_state() -> None:
    found = {named(path): list(mutated(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {file: changes for file, changes in found.items() if changes} == {}


def test_state_of_a_module_is_found() -> None:
    source = ("SEEN = []\nBY: dict = {}\nFIXED = (1,)\ndef f(x):\n    global N\n    SEEN.append(x)\n    BY[x] = 1\n"
              "    mine = []\n    mine.append(FIXED)\n")
    assert list(mutated(source)) == ["global N", "SEEN.append()", "BY[...] = or BY.x ="]
