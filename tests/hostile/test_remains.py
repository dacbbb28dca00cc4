"""Whatever a module leaves on disk, its step fails, its order is settled and the next run begins anew."""

import fcntl
import os
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile.conftest import DROPPED, Bench

DEEP = """
here = os.open({where}, os.O_RDONLY)
for _ in range({levels}):
    os.mkdir("d", dir_fd=here)
    below = os.open("d", os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = below
"""
AWAY = 'out.parent.rename(out.parent.with_name(f"else{time.time_ns()}"))\n'
TREE = '(out / "tree").mkdir()\n'
LEAVES = {
    "outputs without modes, empty": ("os.chmod(out, 0)", "COMPLETED"),
    "modes taken at every level": (
        """
        (out / "tree" / "a" / "b").mkdir(parents=True)
        (out / "tree" / "a" / "b" / "f").write_text("x")
        for path in ("tree/a/b/f", "tree/a/b", "tree/a", "tree", "."):
            os.chmod(out / path, 0)
    """,
        "COMPLETED",
    ),
    "listing without entering": (
        TREE + '(out / "tree" / "f").write_text("x")\nos.chmod(out / "tree", 0o400)',
        "COMPLETED",
    ),
    "1,500 directories in one another": (
        TREE + DEEP.format(where='out / "tree"', levels=1500),
        "FAILED output_write_failed",
    ),
    "the same, and no modes": (
        TREE
        + DEEP.format(where='out / "tree"', levels=1500)
        + "os.fchmod(here, 0)\nos.chmod(out, 0)",
        "FAILED output_write_failed",
    ),
    "scratch of 1,500 directories": (
        DEEP.format(where='"."', levels=1500) + 'os.chmod(".", 0)',
        "COMPLETED",
    ),
    "too long a path": (
        """
        here = out / "tree"
        for _ in range(5):
            here = here / ("n" * 250)
        here.mkdir(parents=True)
    """,
        "FAILED output_write_failed",
    ),
    "a name of 255 bytes": (TREE + '(out / "tree" / ("n" * 255)).write_text("x")', "COMPLETED"),
    "a line break in a name": (
        TREE + '(out / "tree" / "a\\nb").write_text("x")',
        "FAILED undeclared_output",
    ),
    "a line break in a directory's name": (
        TREE + '(out / "tree" / "a\\rb").mkdir()',
        "FAILED undeclared_output",
    ),
    "an escape in a name": (
        TREE + '(out / "tree" / "a\\x1b[2Jb").write_text("x")',
        "FAILED undeclared_output",
    ),
    "a line separator in a name": (
        TREE + '(out / "tree" / "a\\u2028b").write_text("x")',
        "FAILED undeclared_output",
    ),
    "a bidi override in a name": (
        TREE + '(out / "tree" / "a\\u202eb").write_text("x")',
        "FAILED undeclared_output",
    ),
    "a name that is not UTF-8": (
        TREE + 'open(os.fsencode(out / "tree") + b"/\\xff", "w")',
        "FAILED undeclared_output",
    ),
    "a letter of another script": (
        TREE + '(out / "tree" / "Größe 寸法.txt").write_text("x")',
        "COMPLETED",
    ),
    "a socket": (
        """
        import socket
        os.chdir(out)
        os.mkdir("tree")
        socket.socket(socket.AF_UNIX).bind("tree/s")
    """,
        "FAILED undeclared_output",
    ),
    "a pipe": (TREE + 'os.mkfifo(out / "tree" / "p")', "FAILED undeclared_output"),
    "a hard link": (
        '(out / "text.json").write_text("x")\n'
        + TREE
        + 'os.link(out / "text.json", out / "tree" / "l")',
        "FAILED undeclared_output",
    ),
    "a link": (TREE + 'os.symlink("/etc", out / "tree" / "l")', "FAILED undeclared_output"),
    "a sparse file of 5 GB": (
        TREE
        + 'for n in "abc":\n    os.truncate(os.open(out / "tree" / n, os.O_CREAT | os.O_WRONLY), 2000 << 20)',
        "FAILED output_too_large",
    ),
}
# Only a plain process can do this to the folder itself.
REPLACES = {
    "removes it": ("out.rmdir()", "FAILED output_write_failed"),
    "puts a file there": ('out.rmdir()\nout.write_text("x")', "FAILED output_write_failed"),
    "puts a link there": ('out.rmdir()\nout.symlink_to("/etc")', "FAILED output_write_failed"),
    "renames it": ('out.rename(out.with_name("else"))', "FAILED output_write_failed"),
    "takes its parent's modes": ("os.chmod(out.parent, 0)", "COMPLETED"),
    "renames its parent": (AWAY, "FAILED output_write_failed"),
    "puts a file for its parent": (
        AWAY + 'out.parent.write_text("x")',
        "FAILED output_write_failed",
    ),
    "makes the record a directory": (
        '(out.parent / "run.json" / "d").mkdir(parents=True)',
        "COMPLETED",
    ),
    "makes the log a link": (
        '(out.parent / "log.txt").unlink()\nos.symlink("/etc/passwd", out.parent / "log.txt")',
        "COMPLETED",
    ),
    "makes the log a pipe": (
        '(out.parent / "log.txt").unlink()\nos.mkfifo(out.parent / "log.txt")',
        "COMPLETED",
    ),
    "takes the name of the step": (
        '(out.parent.parent / out.parent.name[1:-4]).write_text("x")',
        "COMPLETED",
    ),
    "takes the name of the old one": (
        """
        old = out.parent.with_name(out.parent.name.replace(".new", ".old"))
        (old / "d").mkdir(parents=True)
        os.chmod(old, 0)
    """,
        "COMPLETED",
    ),
}

# Needs CAP_LINUX_IMMUTABLE, which a module has when PLATFORM runs as root without bubblewrap.
FLAG = """
import fcntl, struct
APPEND, FIXED = 0x20, 0x10
def flag(path, flags):
    handle = os.open(path, os.O_RDONLY)
    now = struct.unpack("l", fcntl.ioctl(handle, 0x80086601, struct.pack("l", 0)))[0]
    fcntl.ioctl(handle, 0x40086602, struct.pack("l", now | flags))
    os.close(handle)
"""
NOT_WRITTEN = "FAILED output_write_failed"
MADE = FLAG + TREE + '(out / "text.json").write_text("x")\n(out / "tree" / "f").write_text("x")\n'
OUTPUTS = "for path in (out / 'tree' / 'f', out / 'tree', out / 'text.json', out):\n    flag(path, {})"
SCRATCH = """
import pathlib
(pathlib.Path("d") / "e").mkdir(parents=True)
pathlib.Path("d/e/f").write_text("x")
os.link("d/e/f", "d/linked")
for path in ("d/e/f", "d/e", "d", "."):
    flag(path, APPEND | FIXED)
"""
FLAGGED = {
    "append-only outputs": (MADE + OUTPUTS.format("APPEND"), "FAILED output_write_failed"),
    "immutable outputs": (MADE + OUTPUTS.format("FIXED"), "FAILED output_write_failed"),
    "an append-only output": (
        MADE + 'flag(out / "text.json", APPEND)',
        "FAILED output_write_failed",
    ),
    "an immutable directory in the outputs": (
        MADE + 'flag(out / "tree", FIXED)',
        "FAILED output_write_failed",
    ),
    "an immutable scratch directory with hard links": (MADE + SCRATCH, "COMPLETED"),
    "an append-only parent": (MADE + "flag(out.parent, APPEND)", "COMPLETED"),
    "an immutable log": (MADE + 'flag(out.parent / "log.txt", FIXED)', "COMPLETED"),
    "an immutable log, and words for it": (
        MADE + 'flag(out.parent / "log.txt", FIXED)\nprint("x" * 9999, flush=True)',
        "FAILED output_write_failed",
    ),
    "an immutable file with the name of the step": (
        MADE
        + 'target = out.parent.parent / out.parent.name[1:-4]\ntarget.write_text("x")\n'
        + "flag(target, FIXED)",
        "COMPLETED",
    ),
    "immutable data of the order": (
        MADE
        + 'order = out.parent.parent\n(order / ".tasks").mkdir(exist_ok=True)\n'
        + '(order / "order.json").write_text("{}")\n'
        + 'flag(order / "order.json", FIXED)\nflag(order / ".tasks", FIXED)\nflag(order, FIXED)',
        "COMPLETED",
    ),
    "an append-only order's directory": (MADE + "flag(out.parent.parent, APPEND)", "COMPLETED"),
}


def settable(folder: Path) -> bool:
    """Whether this process may set an attribute flag in a directory."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        for flags in (0x20, 0):
            fcntl.ioctl(handle, 0x40086602, struct.pack("l", flags))
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def settled(bench: Bench, rows: Mapping[str, tuple[str, str]]) -> None:
    """One order with a step for each row and one that only works: what was done is paid, what failed is given
    back, the order is settled and nothing is left; a second run says the same."""
    steps = {f"s{number:02}": what for number, what in enumerate(rows)}
    for step, what in steps.items():
        bench.module(rows[what][0], module_id=f"evil_{step}")
    say = "{step_id: say, module_id: say, kind: transform, inputs: {text: tea}}"
    bench.order(
        *(f"{{step_id: {step}, module_id: evil_{step}, kind: transform}}" for step in steps), say
    )
    with (bench.root / "config" / "payments.csv").open("a") as payments:
        payments.write("pay-2,tenant,bank-wire,1000,wire-2,CONFIRMED,2026-01-02T00:00:00Z,\n")
    expected = {what: rows[what][1] for what in steps.values()}
    completed = 1 + list(expected.values()).count("COMPLETED")
    for _ in range(2):
        done = bench.run()
        told = done.stdout + done.stderr
        assert {what: bench.ended(step) for step, what in steps.items()} == expected, told
        assert (bench.ended("say"), done.returncode, bench.status()) == (
            "COMPLETED",
            1,
            "PARTIAL",
        ), told
        assert bench.balance == 1100 - 5 * completed, told
        left = [path.name for path in (bench.root / "runtime" / "tenant" / "order").iterdir()]
        assert sorted(name for name in left if not name.startswith("else")) == sorted(
            [*steps, "say", "order.json", ".tasks"]
        )
    bench.audited()


@pytest.mark.slow
def test_whatever_a_module_leaves_its_order_is_settled(everywhere):
    settled(everywhere, LEAVES)


@pytest.mark.slow
def test_whatever_a_plain_process_does_to_its_folder_its_order_is_settled(bench):
    settled(bench, REPLACES)


@pytest.mark.slow
def test_clean_removes_what_a_module_left(everywhere):
    everywhere.module(
        TREE
        + DEEP.format(where='"."', levels=70)
        + "os.fchmod(here, 0)\n(out / 'tree' / 'x').mkdir()\n"
        "os.chmod(out / 'tree', 0)"
    )
    everywhere.order("{step_id: one, module_id: evil, kind: transform}")
    assert everywhere.run().returncode == 0
    step = everywhere.root / "runtime" / "tenant" / "order" / "one"
    (step / "outputs" / "tree" / "x").chmod(0)
    assert everywhere.run("doit clean step:tenant/order/one").returncode == 0
    assert not step.exists()


@pytest.mark.slow
@pytest.mark.parametrize("what", FLAGGED)
def test_whatever_a_module_flags_its_order_is_settled(bench, what):
    if not settable(bench.root):
        pytest.skip("this user or this file system sets no attribute flags")
    settled(bench, {what: FLAGGED[what]} | {"fails": ("os.chmod(out, 0)\nout.rmdir()", NOT_WRITTEN)})


@pytest.mark.slow
def test_a_directory_that_nobody_can_free_fails_its_step_and_not_the_run(bench):
    if not settable(bench.root) or shutil.which("setpriv") is None:
        pytest.skip("this user or this file system sets no attribute flags")
    bench.module(MADE)
    say = "{step_id: say, module_id: say, kind: transform, inputs: {text: tea}}"
    bench.order("{step_id: one, module_id: evil, kind: transform}", say)
    stuck = bench.root / "runtime" / "tenant" / "order" / ".one.new" / "outputs"
    stuck.mkdir(parents=True)
    handle = os.open(stuck.parent, os.O_RDONLY)
    bench.prefix = DROPPED  # may not clear the flag
    try:
        fcntl.ioctl(handle, 0x40086602, struct.pack("l", 0x10))
        done = bench.run()
        assert (bench.status(), bench.ended("say"), bench.balance) == (
            "PARTIAL",
            "COMPLETED",
            95,
        ), done.stdout + done.stderr
        assert "output_write_failed" in done.stdout + done.stderr
        assert "free space" not in done.stdout + done.stderr
    finally:
        fcntl.ioctl(handle, 0x40086602, struct.pack("l", 0))
        os.close(handle)
    assert (bench.run().returncode, bench.ended("one"), bench.balance) == (0, "COMPLETED", 90)
    bench.audited()
