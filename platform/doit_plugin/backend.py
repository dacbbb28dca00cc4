"""A store for doit that survives a kill.

doit writes its state once, at the very end, so a kill loses every finished task. This store writes
a task as soon as it succeeds (`adapter.LAST_KEY`). WAL with a busy timeout lets two runs share the
file, and autocommit leaves no transaction open that would block the other run. The store is a
cache: run records are the truth, and a lost or torn store costs one check per task.
"""
import sqlite3
import threading
from pathlib import Path
from typing import Any

from doit.dependency import JSONCodec

from platform.doit_plugin.adapter import LAST_KEY
from platform.owned import exists, owned

_BUSY_TIMEOUT_S = 30.0


class Backend:
    """The interface of doit's `SqliteDB` (get, set, in_, remove, remove_all, dump), one row a task.
    """

    def __init__(self, name: str, codec: JSONCodec, *, module_name: str | None = None) -> None:
        self.name = name
        self._codec = codec
        self._lock = threading.Lock()
        self._tasks: dict[str, dict[str, Any]] = {}
        self._dirty: set[str] = set()
        self._rows: sqlite3.Connection | None = None
        self._without = False  # the store cannot be used in this run
        self._is_there = Path(name).exists()

    def _connection(self) -> sqlite3.Connection | None:
        """Open the file at the first use, so that a command without state creates none. None:
        run without a store."""
        if self._rows is None and not self._without:
            try:
                self._make_sure()
                self._rows = self._opened()
            # full, locked, read-only, or a directory: not repairable here
            except (sqlite3.OperationalError, OSError):
                self._without = True
            except sqlite3.DatabaseError:
                self._start_again()
        return self._rows

    def _make_sure(self) -> None:
        """Make the store's directory. OSError when its own files are anything but files: SQLite
        follows links."""
        path = Path(self.name).absolute()
        with owned(path.parent, make=True) as folder:
            for name in (f"{path.name}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")):
                if exists(folder, name):
                    with folder.file(name):
                        pass

    def _start_again(self) -> None:
        """Delete a torn store; it is a cache."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None
        try:
            for suffix in ("", "-wal", "-shm"):
                Path(self.name + suffix).unlink(missing_ok=True)
            self._rows = self._opened()
        except (sqlite3.DatabaseError, OSError):
            self._without = True

    def _opened(self) -> sqlite3.Connection:
        self._is_there = True
        rows = sqlite3.connect(
            self.name, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        rows.text_factory = bytes  # a torn row must not stop the read
        rows.execute("pragma journal_mode=wal")
        # a kill loses nothing; a power failure costs one check per task
        rows.execute("pragma synchronous=off")
        rows.execute(
            "create table if not exists doit_tasks (task_id text primary key, task_data text) "
            "without rowid"
        )
        return rows

    def _do(self, sql: str, *values: str) -> list[Any]:
        """Run one statement. Without a usable store the answer is empty, and the run continues."""
        rows = self._connection()
        if rows is None:
            return []
        try:
            return rows.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            self._without, self._rows = True, None
        except sqlite3.DatabaseError:
            self._start_again()
        return []

    def _load(self, task_id: str) -> dict[str, Any]:
        if task_id not in self._tasks:
            found = (
                self._do("select task_data from doit_tasks where task_id=?", task_id)
                if self._is_there
                else []
            )
            try:
                kept = self._codec.decode(found[0][0].decode()) if found else {}
            except (ValueError, AttributeError, RecursionError):
                kept = {}  # a torn row means: never done
            self._tasks[task_id] = kept if isinstance(kept, dict) else {}
        return self._tasks[task_id]

    def get(self, task_id: str, dependency: str) -> Any:
        """The stored value, or None."""
        return self._load(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Remember a value. The last key of a task that succeeded writes the task."""
        with self._lock:
            self._load(task_id)[dependency] = value
            self._dirty.add(task_id)
            if dependency == LAST_KEY:
                self._write(task_id)

    def _write(self, task_id: str) -> None:
        self._do(
            "insert or replace into doit_tasks values (?,?)",
            task_id,
            self._codec.encode(self._tasks[task_id]),
        )
        self._dirty.discard(task_id)

    def in_(self, task_id: str) -> bool:
        """Whether anything is stored about the task."""
        return bool(self._load(task_id))

    def remove(self, task_id: str) -> None:
        """Forget one task at once: after a kill, a failed task must not look done."""
        with self._lock:
            if self._is_there:
                self._do("delete from doit_tasks where task_id=?", task_id)
            self._tasks[task_id] = {}
            self._dirty.discard(task_id)

    def remove_all(self) -> None:
        """Forget every task."""
        with self._lock:
            if self._is_there:
                self._do("delete from doit_tasks")
            self._tasks.clear()
            self._dirty.clear()

    def dump(self) -> None:
        """Write the remaining tasks and close the file."""
        with self._lock:
            for task_id in sorted(self._dirty):
                self._write(task_id)
            if self._rows is not None:
                self._rows.close()
                self._rows = None
