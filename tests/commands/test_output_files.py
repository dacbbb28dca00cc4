"""Commands that write to a path that a person names: a file is replaced, anything else stays what it is."""
import os
import stat
import threading
from pathlib import Path

import pytest

from platform.errors import StorageError
from platform.files import write_output
from tests.support import command, repository


def test_a_file_and_what_a_link_leads_to_are_replaced(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("old, and longer than the new one")
    link = tmp_path / "link"
    link.symlink_to(victim)
    write_output(link, b"new")
    assert (link.is_symlink(), victim.read_bytes()) == (True, b"new")
    write_output(tmp_path / "more" / "new", b"new")
    assert (tmp_path / "more" / "new").read_bytes() == b"new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_output(pipe, b"x" * 200_000)
    reader.join(60)
    assert read == [b"x" * 200_000] and stat.S_ISFIFO(pipe.lstat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    null, full = tmp_path / "null", tmp_path / "full"
    os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(full, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    write_output(null, b"x")
    with pytest.raises(StorageError, match=r"full: cannot be written \(No space left on device\)"):
        write_output(full, b"x")
    assert stat.S_ISCHR(null.lstat().st_mode) and stat.S_ISCHR(full.lstat().st_mode)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not a file; name a file"):
        write_output(tmp_path, b"x")


def test_a_quote_goes_into_a_pipe(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    os.mkfifo(repo / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((repo / "pipe").read_bytes()), daemon=True)
    reader.start()
    assert command(repo, "python -m platform.cli quote --save pipe").returncode == 0
    reader.join(60)
    assert b'"made_at"' in read[0] and stat.S_ISFIFO((repo / "pipe").lstat().st_mode)
