"""A defect of ours in one step: it is recorded, refunded and told in one line; every other step and order goes on."""

import subprocess
import sys
from collections.abc import Iterable

import pytest

# What breaks, where: patched into a real `doit run` of a process of its own. `{step}` is the step that it hits.
BREAKS = {
    "in resolving its inputs": ("platform.run.step", "resolve"),
    "in looking whether it is due": ("platform.app.steps", "reasons_to_run"),
    "in doit's question whether it is due": ("platform.doit_plugin.uptodate", "reasons_to_run"),
    "in watching its child": ("platform.run.worker", "watch"),
    "after its child has ended": ("platform.run.attempt", "_with_outputs"),
    "in collecting its outputs": ("platform.run.attempt", "collect"),
    "in the cache": ("platform.run.cache", "keep"),
}
PATCH = """
import sys
import _platform_boot
import importlib
from doit.doit_cmd import DoitMain

def broken(found):
    seen = []
    def call(*args, **named):
        words = repr(args) + repr(named)
        if {hits!r} in words:
            raise {error}
        return found(*args, **named)
    return call

for module, name in {places!r}:
    of = importlib.import_module(module)
    setattr(of, name, broken(getattr(of, name)))
from platform.doit_plugin.command import Run
sys.exit(DoitMain().run(["run", *sys.argv[1:]]))
"""
HIT = "{step_id: hit, module_id: say, kind: transform, inputs: {text: hit}}"
OK = "{step_id: ok, module_id: say, kind: transform, inputs: {text: tea}}"


def patched(
    bench, places: Iterable[tuple[str, str]], hits: str, error: str
) -> subprocess.CompletedProcess[str]:
    program = PATCH.format(places=list(places), hits=hits, error=error)
    return subprocess.run(
        [sys.executable, "-c", program, "workorder"],
        cwd=bench.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", BREAKS)
def test_a_defect_in_one_step_settles_its_order(bench, where):
    module, name = BREAKS[where]
    bench.order(HIT, OK)
    bench.order(OK, name="other")
    done = patched(bench, [(module, name)], "hit", "KeyError('a defect\\nof ours')")
    told = done.stdout + done.stderr
    assert "Traceback" not in told, told
    if "question" in where:  # it runs all the same
        assert (done.returncode, bench.balance) == (0, 85), told
        return
    assert (done.returncode, bench.ended("hit"), bench.ended("ok"), bench.ended("ok", "other")) == (
        1,
        "FAILED internal_error",
        "COMPLETED",
        "COMPLETED",
    ), told
    assert (bench.status(), bench.status("other"), bench.balance) == ("PARTIAL", "COMPLETED", 90)
    assert "KeyError" in str(bench.record("hit")["message"]) and "\n" not in str(
        bench.record("hit")["message"]
    )
    assert "Traceback" in (bench.root / "runtime/tenant/order/hit/log.txt").read_text()
    assert (
        bench.run().returncode == 0 and bench.balance == 85
    )  # the defect is mended: charged anew, once
    bench.audited()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "reason", "kept"),
    [
        (("platform.run.step", "resolve"), "internal_error", 0),
        (("platform.run.results", "judge"), "unverified", 5),
    ],
)
def test_a_defect_in_a_delivery_refunds_only_what_cannot_have_left(bench, place, reason, kept):
    bench.module("(out / 'delivery_receipt.json').write_text('{}')", kind="delivery")
    bench.order("{step_id: hit, module_id: evil, kind: delivery}")
    done = patched(bench, [place], "evil", "RecursionError('a defect')")
    assert (bench.ended("hit"), bench.balance, done.returncode) == (
        f"FAILED {reason}",
        100 - kept,
        1,
    ), done.stdout
    bench.audited()


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", [("platform.doit_plugin.actions", "outcome"), ("platform.app.charges", "decide_charge")]
)
def test_a_defect_outside_a_step_stops_its_order_alone_and_the_next_run_settles(bench, place):
    bench.order(
        "{step_id: hit, module_id: say, kind: transform, inputs: {text: hit, fail: no_tea}}",
        name="hitorder",
    )
    bench.order(OK, name="other")
    done = patched(bench, [place], "hitorder", "ZeroDivisionError('a defect')")
    told = done.stdout + done.stderr
    assert "Traceback" not in told and told.count("internal error: ZeroDivisionError") == 1, told
    assert (done.returncode, bench.status("other")) == (1, "COMPLETED"), told
    assert "Traceback" in (bench.root / "runtime" / "internal-errors.log").read_text()
    bench.run()
    assert (bench.balance, bench.status("hitorder")) == (95, "FAILED")
    bench.audited()


@pytest.mark.slow
def test_a_step_that_could_not_be_recorded_does_not_hold_up_what_the_others_came_to(bench):
    """The disk refuses one record (15): the other step's failure is refunded in the same run."""
    bench.order(
        "{step_id: fails, module_id: say, kind: transform, inputs: {text: tea, fail: no_tea}}", HIT
    )
    done = patched(
        bench,
        [("platform.run.attempt", "collect")],
        "hit",
        "__import__('platform.errors').errors.StorageError('runtime: cannot be written; free space')",
    )
    assert (
        done.returncode == 15
        and "refunded     tenant/order  5 credits" in done.stdout + done.stderr
    ), done.stdout
    assert bench.balance == 95
    bench.run()
    assert (bench.ended("hit"), bench.balance, bench.status()) == ("COMPLETED", 95, "PARTIAL")
    bench.audited()


@pytest.mark.slow
def test_ctrl_c_still_stops(bench):
    bench.order(HIT)
    done = patched(bench, [("platform.run.step", "resolve")], "hit", "KeyboardInterrupt()")
    assert done.returncode == 130 and not (bench.root / "runtime/tenant/order/hit").exists()
