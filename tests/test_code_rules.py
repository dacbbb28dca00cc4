"""Rules about the code that no linter has: the length of a file, no state in modules, and the core's docstrings."""
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


CORE = [path for package in ("ports", "ledger", "run", "plan") for path in (ROOT / "platform" / package).rglob("*.py")]


def raised(function: ast.FunctionDef) -> set[str]:
    """The names of the errors that a function itself raises."""
    errors = [node.exc.func if isinstance(node.exc, ast.Call) else node.exc for node in ast.walk(function)
              if isinstance(node, ast.Raise) and node.exc is not None]
    return {error.id for error in errors if isinstance(error, ast.Name) and error.id[0].isupper()} - {"AssertionError"}


def undocumented(tree: ast.Module) -> Iterator[str]:
    """What a public class or function of a module does not say: that it exists, or an error that it raises."""
    waiting: list[tuple[str, str, ast.stmt]] = [("", "", node) for node in tree.body]
    while waiting:
        above, said, node = waiting.pop()
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
            continue
        name, text = f"{above}{node.name}", ast.get_docstring(node) or ""
        if not text:
            yield f"{name} has no docstring"
        if isinstance(node, ast.ClassDef):
            waiting += [(f"{name}.", text, inner) for inner in node.body]
        else:
            yield from (f"{name} does not name {error}" for error in raised(node) if error not in text + said)


def test_public_docstrings_of_the_core_name_the_errors() -> None:
    """mypy knows the types; a number without a unit in its name has to be found by a reader."""
    found = {named(path): sorted(undocumented(ast.parse(path.read_text(encoding="utf-8")))) for path in CORE}
    assert {file: missing for file, missing in found.items() if missing} == {}


def test_a_missing_docstring_and_a_missing_error_are_found() -> None:
    source = ('def f() -> None:\n    """Do it."""\n    raise KeyError("a")\n'
              'class A:\n    """A. KeyError."""\n    def g(self): ...\n')
    assert sorted(undocumented(ast.parse(source))) == ["A.g has no docstring", "f does not name KeyError"]
