"""Every way to write something wrong, as a table in `cases/*.txt`: files in, the exact lines out.

A case begins with `# ` and a sentence; `@@ FILE` and what it then holds (`@@ order` is the work order); `>> LINE` is
what must be said, all of it and nothing else. `order:` in a line stands for the work order's path.
"""
import re
from pathlib import Path

import pytest

from platform.model.characters import refused_in

ORDER = "tenants/nxlkGI/workorders/UbjkpxZO.yml"


def cases():
    for table in sorted(Path(__file__).parent.glob("cases/*.txt")):
        for block in re.split(r"^# ", table.read_text(), flags=re.M)[1:]:
            name, _, body = block.partition("\n")
            said = [line[3:] for line in body.splitlines() if line.startswith(">> ")]
            body = "".join(line + "\n" for line in body.splitlines() if not line.startswith(">> "))
            files = re.split(r"^@@ (.*)\n", body, flags=re.M)[1:]
            yield pytest.param(dict(zip(files[::2], files[1::2], strict=True)), said, id=f"{table.stem}: {name}")


@pytest.mark.parametrize(("files", "said"), list(cases()))
def test_what_is_wrong_is_said_at_its_place_and_nothing_else(small, files, said):
    for file, text in files.items():
        small.put(ORDER if file == "order" else file, text.rstrip("\n") + "\n")
    lines = small.lines()
    assert [line.replace(ORDER + ":", "order:") for line in lines] == said
    assert not any(refused_in(line) for line in lines)


def test_the_small_repository_has_no_problem(small):
    assert small.lines() == []
