"""The error of a disk names what helps."""

import errno
import os
from pathlib import Path

import pytest

from platform.errors import StorageError
from platform.files import write_atomic
from platform.ledger.journal.disk import refusals
from platform.owned import storage_error

REMEDIES = {
    errno.ENOSPC: "free space",
    errno.EDQUOT: "free space",
    errno.EACCES: "fix the permissions",
    errno.EPERM: "fix the permissions",
    errno.EROFS: "fix the permissions",
    errno.ENOTDIR: "name another path",
    errno.EISDIR: "name another path",
    errno.ENAMETOOLONG: "name another path",
    errno.EIO: "repair the disk",
}


@pytest.mark.parametrize("number", REMEDIES)
def test_each_error_has_its_own_remedy(number: int) -> None:
    error = OSError(number, os.strerror(number))
    expected = f"a: cannot be written ({os.strerror(number)}); {REMEDIES[number]}, then run again"
    assert str(storage_error(Path("a"), "be written", error)) == expected
    with pytest.raises(StorageError) as refused, refusals(Path("a"), "be written"):
        raise error
    assert str(refused.value) == expected


def test_a_file_at_the_place_of_a_directory_is_not_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(StorageError, match=r"\(Is a directory\); name another path, then run"):
        write_atomic(tmp_path / "d", b"x")
