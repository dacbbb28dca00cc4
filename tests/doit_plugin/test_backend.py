"""doit's store: written in the moment a task succeeded, shared, and never worse than lost."""
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from doit.dependency import JSONCodec

from platform.doit_plugin.backend import Backend
from tests.support import LONGEST_WAIT_S, line_of


def store(path: Path) -> Backend:
    return Backend(str(path), JSONCodec())


def test_a_task_is_there_after_a_kill(tmp_path: Path) -> None:
    code = ("import _platform_boot, os, signal; from doit.dependency import JSONCodec; "
            "from platform.doit_plugin.backend import Backend; b = Backend('doit.db', JSONCodec()); "
            "b.set('done', 'result:', 1); b.set('done', 'deps:', []); b.set('half', 'result:', 1); "
            "os.kill(os.getpid(), signal.SIGKILL)")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    after = store(tmp_path / "doit.db")
    assert (after.get("done", "result:"), after.in_("half")) == (1, False)


def test_two_runs_share_it(tmp_path: Path) -> None:
    one, two = store(tmp_path / "doit.db"), store(tmp_path / "doit.db")
    one.set("a", "deps:", [])
    two.set("b", "deps:", [])
    one.remove("b")
    assert store(tmp_path / "doit.db").in_("a")
    assert not store(tmp_path / "doit.db").in_("b")


def test_looking_makes_no_file(tmp_path: Path) -> None:
    looking = store(tmp_path / "doit.db")
    assert looking.get("a", "deps:") is None
    looking.dump()
    assert not (tmp_path / "doit.db").exists()


@pytest.mark.parametrize("damage", [b"", b"not a database at all, but longer than a header" * 40])
def test_a_damaged_store_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "doit.db").write_bytes(damage)
    after = store(tmp_path / "doit.db")
    assert not after.in_("a")
    after.set("a", "deps:", [])
    after.dump()
    assert store(tmp_path / "doit.db").in_("a")


def test_forgetting(tmp_path: Path) -> None:
    one = store(tmp_path / "doit.db")
    for name in "ab":
        one.set(name, "deps:", [])
    one.remove_all()
    one.dump()
    assert not store(tmp_path / "doit.db").in_("a")


@pytest.mark.parametrize("sql", ["update doit_tasks set task_data = cast(x'fffe' as text)",
                                 "update doit_tasks set task_data = 'torn'", "drop table doit_tasks",
                                 "alter table doit_tasks rename column task_data to other"])
def test_a_torn_row_or_table_is_a_task_that_was_never_done(tmp_path: Path, sql: str) -> None:
    one = store(tmp_path / "doit.db")
    one.set("a", "deps:", [])
    one.dump()
    with sqlite3.connect(tmp_path / "doit.db") as rows:
        rows.execute(sql)
    rows.close()
    after = store(tmp_path / "doit.db")
    assert not after.in_("a")
    after.set("a", "deps:", [])
    after.dump()


def test_a_folder_in_its_place_is_a_run_without_a_store(tmp_path: Path) -> None:
    (tmp_path / "doit.db").mkdir()
    one = store(tmp_path / "doit.db")
    one.set("a", "deps:", [])
    assert one.in_("a")
    one.dump()
    assert (tmp_path / "doit.db").is_dir()


def test_two_processes_that_write_at_once_lose_no_task_of_each_other(tmp_path: Path) -> None:
    """Each has loaded every task before the other one writes, and then writes its own: one row a task."""
    store(tmp_path / "doit.db").set("first", "deps:", [])
    code = ("import _platform_boot, sys; from doit.dependency import JSONCodec; "
            "from platform.doit_plugin.backend import Backend; b = Backend('doit.db', JSONCodec()); own = sys.argv[1]; "
            "[b.get(f'{who}{n}', 'deps:') for who in 'ab' for n in range(100)]; print('loaded', flush=True); "
            "sys.stdin.readline(); "
            "[b.set(f'{own}{n}', 'deps:', [own]) for n in range(100)]; b.remove(own + '0'); b.dump()")
    runs = [subprocess.Popen([sys.executable, "-c", code, own], cwd=tmp_path, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True) for own in "ab"]
    for run in runs:
        assert line_of(run.stdout) == "loaded\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    assert [run.wait(timeout=LONGEST_WAIT_S) for run in runs] == [0, 0]
    for run in runs:
        run.communicate(timeout=LONGEST_WAIT_S)
    after = store(tmp_path / "doit.db")
    assert [after.get(f"{who}{n}", "deps:") for who in "ab" for n in range(1, 100)] == [["a"]] * 99 + [["b"]] * 99
    assert [after.in_(name) for name in ("first", "a0", "b0")] == [True, False, False]
