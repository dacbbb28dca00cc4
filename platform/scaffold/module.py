"""A new module: a contract, code for it, a README, a test, and the prices that it needs.

The generated module passes its self-test. Its author then changes one thing after the other.

`templates/<kind>/` contains the smallest module of each kind that does real work. `{{name}}` is a
placeholder. Python files end in .txt there, because they are not code of this project.
"""
import io
import zipfile
from datetime import date
from pathlib import Path

from platform.model.order import Kind
from platform.scaffold.text import GIT_ATTRIBUTES, flow

TEMPLATES = Path(__file__).resolve().parent / "templates"
_FILES = {"module.yml": "module.yml", "src/run.py": "run.py.txt", "README.md": "README.md",
          "tests/test_run.py": "test_run.py.txt"}  # path below the module's directory -> template


def module_files(module_id: str, kind: Kind, name: str) -> dict[str, bytes]:
    """Every file of modules/<module_id>/, by its path below that directory."""
    values = {"module_id": module_id, "name": flow(name), "kind": kind.value,
              "step_id": module_id[:32]}
    files = {path: _filled(kind, template, values).encode() for path, template in _FILES.items()}
    files[".gitattributes"] = GIT_ATTRIBUTES
    if kind is Kind.PACKAGING:
        files["fixtures/note.txt"] = b"A note to pack.\n"
    if kind is Kind.DELIVERY:
        files["fixtures/package.zip"] = _package()
    return files


def price_rows(module_id: str, kind: Kind, today: date) -> str:
    """Rows for config/module_prices.csv: the usual prices of this kind of module, from today on."""
    return _filled(kind, "prices.csv", {"module_id": module_id, "today": today.isoformat()})


def _filled(kind: Kind, template: str, values: dict[str, str]) -> str:
    folder = Kind.TRANSFORM if kind is Kind.OTHER else kind
    text = (TEMPLATES / folder / template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def _package() -> bytes:
    """A small zip file; its bytes are always the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("note.txt", (1980, 1, 1, 0, 0, 0)), "A note to deliver.\n")
    return buffer.getvalue()
