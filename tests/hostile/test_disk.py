"""A disk that refuses: the run ends with 15 or records it, and the next run settles what was charged."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import DROPPED

SAY = "{step_id: %s, module_id: say, kind: transform, inputs: {text: tea%s}}"
FULL = """
import os, sys
sys.path.insert(0, os.getcwd())
import _platform_boot
import errno
from doit.doit_cmd import DoitMain
import platform.owned as owned
import platform.run.step_directory as place
plain = owned.replace
def full(folder, name, data, **how):
    if {hit!r} in folder.named(name):
        raise OSError(errno.ENOSPC, "No space left on device")
    return plain(folder, name, data, **how)
place.replace = owned.replace = full
from platform.doit_plugin.command import Run
sys.exit(DoitMain().run(["run", "workorder"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "hit", [".fails.new/run.json", ".below.new/run.json", ".works.new/run.json", "order.json"]
)
def test_a_record_that_the_disk_refuses_is_settled_by_the_next_run(bench, hit):
    bench.order(
        SAY % ("fails", ", fail: no_tea"),
        SAY % ("works", ""),
        "{step_id: below, module_id: say, kind: transform, inputs: {text: x, after: "
        "{from_step: fails, output_id: said}}}",
    )
    done = subprocess.run(
        [sys.executable, "-c", FULL.format(hit=hit)],
        cwd=bench.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 15 and "Traceback" not in done.stdout + done.stderr, (
        done.stdout + done.stderr
    )
    assert bench.run().returncode == 1
    assert (bench.ended("fails"), bench.ended("works"), bench.balance) == (
        "FAILED no_tea",
        "COMPLETED",
        95,
    )
    bench.audited()


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root is bound by no modes"
)
@pytest.mark.parametrize("where", ["runtime", "runtime/tenant", "runtime/tenant/order"])
def test_a_runtime_directory_without_permission_is_15_and_charges_are_used_later(bench, where):
    bench.order(SAY % ("works", ""))
    bench.prefix = DROPPED if os.geteuid() == 0 else ()
    folder: Path = bench.root / where
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    try:
        done = bench.run()
        assert done.returncode == 15, done.stdout + done.stderr
    finally:
        folder.chmod(0o755)
    assert (bench.run().returncode, bench.ended("works"), bench.balance) == (0, "COMPLETED", 95)
    bench.audited()
