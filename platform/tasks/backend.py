"""doit's store, made to survive a kill.

doit writes its state once, at the very end, so a kill forgets every task that had finished. This store writes a task
in the moment it succeeded: `deps:` is the last key that doit sets for a task (`Dependency.save_success`). WAL with a
busy time-out lets two runs share it, and autocommit leaves no transaction open for one to starve the other.
It stays a cache: the run records are the truth, and a store that is lost or torn costs one check a task.
"""
import sqlite3
import threading
from pathlib import Path
from typing import Any

from doit.dependency import JSONCodec

_BUSY_TIMEOUT_S = 30.0


class Backend:
    """The interface of doit's `SqliteDB` (get, set, in_, remove, remove_all, dump), one row a task."""

    def __init__(self, name: str, codec: JSONCodec, *, module_name: str | None = None) -> None:
        self.name = name
        self._codec = codec
        self._lock = threading.Lock()
        self._tasks: dict[str, dict[str, Any]] = {}
        self._dirty: set[str] = set()
        self._rows: sqlite3.Connection | None = None
        self._is_there = Path(name).exists()

    def _connection(self) -> sqlite3.Connection:
        """Opened when first asked for, so that a command which needs no state makes no file."""
        if self._rows is None:
            Path(self.name).parent.mkdir(parents=True, exist_ok=True)
            try:
                self._rows = self._opened()
            except sqlite3.DatabaseError:
                for suffix in ("", "-wal", "-shm"):  # torn: it is a cache, start again
                    Path(self.name + suffix).unlink(missing_ok=True)
                self._rows = self._opened()
        return self._rows

    def _opened(self) -> sqlite3.Connection:
        self._is_there = True
        rows = sqlite3.connect(self.name, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        rows.execute("pragma journal_mode=wal")
        rows.execute("pragma synchronous=off")  # a process that dies loses nothing; a power cut costs a check a task
        rows.execute("create table if not exists doit (task_id text primary key, task_data text) without rowid")
        return rows

    def _load(self, task_id: str) -> dict[str, Any]:
        if task_id not in self._tasks:
            row = None
            if self._is_there:
                row = self._connection().execute("select task_data from doit where task_id=?", (task_id,)).fetchone()
            try:
                self._tasks[task_id] = self._codec.decode(row[0]) if row else {}
            except ValueError:
                self._tasks[task_id] = {}  # a torn row is a task that was never done
        return self._tasks[task_id]

    def get(self, task_id: str, dependency: str) -> Any:
        """The stored value, or None."""
        return self._load(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Remember a value; with `deps:`, the last one of a task that succeeded, the task is written."""
        with self._lock:
            self._load(task_id)[dependency] = value
            self._dirty.add(task_id)
            if dependency == "deps:":
                self._write(task_id)

    def _write(self, task_id: str) -> None:
        row = (task_id, self._codec.encode(self._tasks[task_id]))
        self._connection().execute("insert or replace into doit values (?,?)", row)
        self._dirty.discard(task_id)

    def in_(self, task_id: str) -> bool:
        """Whether anything is stored about the task."""
        return bool(self._load(task_id))

    def remove(self, task_id: str) -> None:
        """Forget one task, now: a task that failed must not look done after a kill."""
        with self._lock:
            if self._is_there:
                self._connection().execute("delete from doit where task_id=?", (task_id,))
            self._tasks[task_id] = {}
            self._dirty.discard(task_id)

    def remove_all(self) -> None:
        """Forget every task."""
        with self._lock:
            if self._is_there:
                self._connection().execute("delete from doit")
            self._tasks.clear()
            self._dirty.clear()

    def dump(self) -> None:
        """Write what is left and close."""
        with self._lock:
            for task_id in sorted(self._dirty):
                self._write(task_id)
            if self._rows is not None:
                self._rows.close()
                self._rows = None
