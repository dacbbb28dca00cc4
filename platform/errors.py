"""All errors of PLATFORM, with the exit status of each.

    PlatformError            1   an order did not complete
     ├─ UsageError           2   the command line is wrong
     ├─ InputError          10   a file from a person is wrong: contains Problems
     ├─ ConflictError       11   two requests with one key differ, or another writer was first
     ├─ CreditsError        12   the balance is too low
     ├─ CorruptError        13   a state file is damaged: names file and line, repairs nothing
     ├─ StaleError          14   the state is missing, or older than a state that is trusted
     ├─ StorageError        15   the disk failed: nothing was acknowledged
     ├─ RemoteError         16   a service refused or did not answer
     └─ ForbiddenError      17   not permitted

A failed step is not here: it is an outcome with a record, not an exception.
"""
import errno
from collections.abc import Sequence

INTERRUPTED_STATUS = 130  # the exit status after Ctrl-C, as a shell reports it


class PlatformError(Exception):
    """One line for a person: what is wrong; what to do."""

    exit_status = 1


class UsageError(PlatformError):
    exit_status = 2


class InputError(PlatformError):
    """Problems (`model.problem.Problem`), each of which prints as one line with its place."""

    exit_status = 10

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ConflictError(PlatformError):
    exit_status = 11


class CreditsError(PlatformError):
    exit_status = 12


class CorruptError(PlatformError):
    exit_status = 13


class StaleError(PlatformError):
    exit_status = 14


class StorageError(PlatformError):
    exit_status = 15


class RemoteError(PlatformError):
    exit_status = 16


class ForbiddenError(PlatformError):
    exit_status = 17


_REFUSED = {  # what the system refuses because of the machine, not because of a mistake of ours
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "fix the permissions"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space"),
    errno.EIO: "check the disk",
}


def unusable(error: OSError) -> str:
    """The line about a file that the system refuses to read or write, for an error that no nearer
    code explained. Empty for any other error."""
    remedy = _REFUSED.get(error.errno or 0, "")
    if not remedy or error.filename is None:
        return ""
    return f"{error.filename}: cannot be used ({error.strerror}); {remedy}, then run again"
