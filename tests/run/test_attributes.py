"""Extended attributes are no part of an output: nobody searches them for secrets, so none outlives its step."""
import os

import pytest

from platform.model.run import Status
from platform.run.records import step_dir

HIDES = """
for path in (out, out / "text.txt", out.parent):
    path.exists() or path.write_text("tea")
    try:
        os.setxattr(path, "user.hidden", b"the secret")
    except OSError:
        pass
return {"status": "COMPLETED"}
"""


def test_none_outlives_its_step(both):
    step = both.step(both.module("say", HIDES))
    assert both.run(step).status is Status.COMPLETED
    folder = step_dir(both.runtime, step.id)
    if "user.hidden" not in _probe(folder):
        pytest.skip("this file system has no attributes")
    assert [path for path in (folder, *folder.rglob("*")) if os.listxattr(path)] == []


def _probe(folder):
    file = folder.parent / "probe"
    file.write_text("x")
    try:
        os.setxattr(file, "user.hidden", b"x")
    except OSError:
        return []
    return os.listxattr(file)
