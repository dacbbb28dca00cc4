"""docs/architecture.md shows the imports as they are, and docs/decisions/ is a numbered list without gaps."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_the_picture_is_the_one_that_the_imports_make() -> None:
    done = subprocess.run([sys.executable, "scripts/draw_architecture", "--check"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_picture_has_every_package_and_the_contract() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for part in (ROOT / "platform").iterdir():
        if part.is_dir() and part.name[0] not in "._":
            assert f"| `{part.name}/` |" in page
    assert "[[tool.importlinter.contracts]]" in page


def test_decisions_are_numbered_without_gaps_and_are_all_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert re.findall(r"^\d+\. \[.*\]\((.*)\)$", index, re.MULTILINE) == [path.name for path in DECISIONS]
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        title = re.match(r"# (\d+)\. (.+)\n", text)
        assert title, path
        assert f"{title[1]}. [{title[2]}]({path.name})" in index.splitlines(), path
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Rejected", "Consequence"], path
