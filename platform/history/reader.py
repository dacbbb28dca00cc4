"""Reads the history. A list of invocations reads one file per day, and never a record or a log.

Modules can write to these files, so each line is checked: a line that is not what the platform
writes is ignored. Names of files come from checked ids and digests, never from a line's text.
"""
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from platform import confined, flock
from platform.errors import StorageError
from platform.history.files import (
    DAY_INDEX,
    HISTORY,
    blob_path,
    history_dir,
    tasks_name,
)
from platform.model.history import Attempt, Invocation, latest
from platform.model.ids import STEP, TENANT, WORK_ORDER, matches
from platform.model.invocation import is_id
from platform.model.utc import utc_moment
from platform.owned import owned, storage_error

_LARGEST_INDEX, _LARGEST_BLOB = 1 << 28, 1 << 27  # bytes
_INVOCATION, _ATTEMPT = Decoder(Invocation), Decoder(Attempt)
_STATE = re.compile("[A-Z_]{1,32}")
_DAY, _DIGEST = re.compile(r"\d{4}-\d\d-\d\d"), re.compile("[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # texts in this form sort by time
_TASKS = ("check", "state", "maintenance")  # those that belong to no order
T = TypeVar("T", bound=Struct)


class History:
    """The history of a runtime directory. StorageError, or Displaced for a link, if it cannot be
    read."""

    def __init__(self, runtime_dir: Path) -> None:
        self.runtime_dir = runtime_dir

    def days(self) -> list[str]:
        """The days with a history, newest first."""
        try:
            with owned(self.runtime_dir, HISTORY) as folder:
                return sorted(filter(_DAY.fullmatch, folder.names()), reverse=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._refused(error) from error

    def invocations(self, since: str = "") -> Iterator[Invocation]:
        """The invocations that began at `since` (UTC, ISO 8601) or later, newest first."""
        for day in self.days():
            if day < since[:10]:
                return
            yield from (each for each in self.of_day(day) if each.began_at >= since)

    def of_day(self, day: str) -> list[Invocation]:
        """The invocations that began on a day, newest first."""
        found = {each.id: each for each in self._lines(day, DAY_INDEX, _INVOCATION)
                 if _is_sound(each) and each.day == day}
        return sorted(found.values(), key=_began, reverse=True)

    def count(self, day: str) -> int:
        """How many invocations began on a day."""
        return len(self.of_day(day))

    def attempts(self, invocation: Invocation) -> tuple[Attempt, ...]:
        """The tasks of an invocation, in the order in which they began."""
        lines = self._lines(invocation.day, tasks_name(invocation.id), _ATTEMPT)
        return latest(each for each in lines if _is_known(each))

    def is_locked(self, invocation: Invocation) -> bool:
        """Whether a process has the invocation's file open that has not ended."""
        try:
            with confined.opened(self._day(invocation.day) / tasks_name(invocation.id)) as handle:
                return not flock.take_now(handle, shared=True)
        except OSError:
            return False

    def blob(self, day: str, digest: str) -> bytes | None:
        """A kept record or log; None if it is missing or damaged."""
        if not (_DAY.fullmatch(day) and _DIGEST.fullmatch(digest)):
            return None
        try:
            data = confined.read_file(self.blob_path(day, digest), _LARGEST_BLOB)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def blob_path(self, day: str, digest: str) -> Path:
        return blob_path(self.runtime_dir, day, digest)

    def _day(self, day: str) -> Path:
        return history_dir(self.runtime_dir) / day

    def _lines(self, day: str, name: str, decoder: Decoder[T]) -> Iterator[T]:
        try:
            data = confined.read_file(self._day(day) / name, _LARGEST_INDEX)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._refused(error, day, name) from error
        for line in data.split(b"\n"):
            try:
                if line:
                    yield decoder.decode(line)
            except (ValueError, RecursionError):  # cut off by a crash, or not ours
                continue

    def _refused(self, error: OSError, *names: str) -> StorageError:
        return storage_error(history_dir(self.runtime_dir).joinpath(*names), "be read", error)


def _began(invocation: Invocation) -> str:
    return invocation.began_at


def _is_known(attempt: Attempt) -> bool:
    """Whether a line names a task of this graph, and nothing but digests of kept bytes."""
    order, step = attempt.order, attempt.step
    named = (
        matches(TENANT, order.tenant_id) and matches(WORK_ORDER, order.work_order_id)
        and (step is None or matches(STEP, step.step_id))
        if order
        else attempt.task in _TASKS or attempt.task.startswith("maintenance:")
    )
    return named and _STATE.fullmatch(attempt.state) is not None and all(
        not text or form.fullmatch(text)
        for form, text in ((_DIGEST, attempt.record), (_DIGEST, attempt.log),
                           (_MOMENT, attempt.began_at), (_MOMENT, attempt.ended_at))
    )


def _is_sound(invocation: Invocation) -> bool:
    try:
        utc_moment(invocation.began_at)
    except ValueError:
        return False
    return is_id(invocation.id) and all(
        _MOMENT.fullmatch(text) for text in (invocation.began_at, invocation.ended_at) if text
    )
