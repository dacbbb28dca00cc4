"""One table of names, opened by openat2 and by the portable walk: what is opened, and what is named as the obstacle."""
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from platform import confined, openat
from platform.confined import Folder, Refused
from tests.support import ended

SECRET = b"the operator's"


@pytest.fixture(params=["openat2", "walk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walk":
        monkeypatch.setattr(openat, "_openat2", lambda: None)
    elif openat._openat2() is None:
        pytest.skip("this kernel has no openat2")
    return str(request.param)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """`house` is the tenant's; everything beside it is not."""
    (tmp_path / "secret").write_bytes(SECRET)
    house = tmp_path / "house"
    (house / "assets" / "deep").mkdir(parents=True)
    (house / "assets" / "table.csv").write_bytes(b"a,b\n")
    (house / "assets" / "deep" / "table.csv").write_bytes(b"c,d\n")
    (house / "up").symlink_to("..")
    (house / "out").symlink_to("../secret")
    (house / "absolute").symlink_to(tmp_path / "secret")
    (house / "inside").symlink_to("assets")
    (house / "twice").symlink_to("inside")
    (house / "itself").symlink_to("itself")
    (house / "dangling").symlink_to("nothing")
    (house / "process").symlink_to("/proc/self")
    (house / "magic").symlink_to("/proc/self/fd/0")
    (house / "assets" / "link.csv").symlink_to("table.csv")
    os.mkfifo(house / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.open(".", os.O_RDONLY)
        os.chdir(house)  # the path of a socket is short
        listening.bind("socket")
        os.fchdir(before)
        os.close(before)
        yield tmp_path


READ = {
    "assets/table.csv": b"a,b\n",
    "assets/deep/table.csv": b"c,d\n",
    "./assets//deep/./table.csv": b"c,d\n",
}
REFUSED = {  # the name -> what is named as the obstacle, and what it is
    "out": ("out", "a symbolic link"),
    "absolute": ("absolute", "a symbolic link"),
    "up/secret": ("up", "a symbolic link"),
    "inside/table.csv": ("inside", "a symbolic link"),
    "twice/table.csv": ("twice", "a symbolic link"),
    "itself": ("itself", "a symbolic link"),
    "itself/table.csv": ("itself", "a symbolic link"),
    "dangling": ("dangling", "a symbolic link"),
    "dangling/table.csv": ("dangling", "a symbolic link"),
    "process/environ": ("process", "a symbolic link"),
    "magic": ("magic", "a symbolic link"),
    "assets/link.csv": ("assets/link.csv", "a symbolic link"),
    "pipe": ("pipe", "a pipe"),
    "pipe/table.csv": ("pipe", "a pipe"),
    "socket": ("socket", "a socket"),
    "assets": ("assets", "a directory"),
    "assets/table.csv/more": ("assets/table.csv", "a file"),
    "assets/../../secret": ("assets/../../secret", "a path that leads upwards"),
    "assets/../assets/table.csv": ("assets/../assets/table.csv", "a path that leads upwards"),
    "..": ("..", "a path that leads upwards"),
    "/dev/stdin": ("/dev/stdin", "an absolute path"),
    "assets/table.csv\0.png": ("assets/table.csv\\x00.png", "an invalid name: it has a NUL character"),
    "assets/\ud800": ("assets/\\ud800", "an invalid name: it is not UTF-8"),
    "": ("", "an empty name"),
    ".": (".", "an empty name"),
}
ERRORS = {
    "assets/nothing": errno.ENOENT,
    "nothing/table.csv": errno.ENOENT,
    "assets/" + "n" * 300: errno.ENAMETOOLONG,
    "assets/" + "n/" * 3000: errno.ENOENT,
}


def _read(folder: Folder, name: str) -> bytes:
    with folder.file(name) as handle:
        return confined.read(handle, 1000)


@pytest.mark.parametrize("name", READ)
def test_reads_what_is_there(way: str, here: Path, name: str) -> None:
    with Folder.at(here / "house") as house:
        assert _read(house, name) == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_names_what_it_refuses(way: str, here: Path, name: str) -> None:
    with Folder.at(here / "house") as house, pytest.raises(Refused) as refused:
        _read(house, name)
    assert (refused.value.offender, refused.value.kind) == REFUSED[name]
    assert refused.value.strerror == f"{REFUSED[name][0].rpartition('/')[2]} is {REFUSED[name][1]}"


@pytest.mark.parametrize("name", ERRORS)
def test_other_errors_stay_what_they_are(way: str, here: Path, name: str) -> None:
    with Folder.at(here / "house") as house, pytest.raises(OSError) as error:
        _read(house, name)
    assert error.value.errno == ERRORS[name] and not isinstance(error.value, Refused)


def test_an_absolute_path_has_no_link_anywhere(way: str, here: Path) -> None:
    assert confined.read_file(here / "house/assets/table.csv", 10) == b"a,b\n"
    (here / "door").symlink_to("house")
    with pytest.raises(Refused) as refused:
        confined.read_file(here / "door/assets/table.csv", 10)
    assert refused.value.offender == f"{here}/door"
    for device in ("/dev/stdin", "/dev/null", "/proc/self/environ"):
        with pytest.raises(Refused):
            confined.read_file(Path(device), 10)


def test_a_file_has_a_size(way: str, here: Path) -> None:
    assert confined.read_file(here / "secret", len(SECRET)) == SECRET
    with pytest.raises(OSError, match="larger") as error:
        confined.read_file(here / "secret", len(SECRET) - 1)
    assert error.value.errno == errno.EFBIG


def test_directories_are_listed_through_their_handles(way: str, here: Path) -> None:
    with Folder.at(here / "house") as house, house.folder("assets") as assets:
        (here / "house/assets").rename(here / "house/before")
        (here / "house/assets").symlink_to("..")  # whoever goes by the name now finds another directory
        assert [(name, entry.kind) for name, entry, _ in assets.walk()] == [
            ("link.csv", "a symbolic link"), ("table.csv", "file"), ("deep/table.csv", "file")]
        assert _read(assets, "deep/table.csv") == b"c,d\n"
        with pytest.raises(Refused):
            house.folder("assets")


def test_nesting_has_an_end(way: str, tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with Folder.at(tmp_path) as folder, pytest.raises(Refused, match="nested deeper"):
        list(folder.walk())


def test_makes_directories_and_goes_through_no_link(way: str, here: Path) -> None:
    with Folder.at(here / "house") as house:
        confined.make_folders(house, "outbox/q7RwTz")
        confined.make_folders(house, "outbox/q7RwTz")
        assert (here / "house/outbox/q7RwTz").is_dir()
        for name in ("up/q7RwTz", "inside/q7RwTz", "dangling/q7RwTz"):
            with pytest.raises(Refused) as refused:
                confined.make_folders(house, name)
            assert refused.value.offender == name.partition("/")[0]
    assert sorted(path.name for path in here.iterdir()) == ["house", "secret"]


def test_a_name_that_changes_between_two_looks_gives_nothing_away(way: str, here: Path) -> None:
    """While the directory is exchanged for a link and back as fast as can be, every reading is one or the other."""
    house, stop = here / "house", here / "stop"
    (here / "theirs").mkdir()
    (here / "theirs/table.csv").write_bytes(SECRET)
    (house / "other").symlink_to(here / "theirs")
    child = os.fork()
    if child == 0:
        try:
            while not stop.exists():
                (house / "assets").rename(house / "aside")
                (house / "other").rename(house / "assets")
                (house / "assets").rename(house / "other")
                (house / "aside").rename(house / "assets")
        finally:
            os._exit(0)
    seen = set()
    try:
        with Folder.at(house) as folder:
            tries = 0
            while tries < 3000 or b"a,b\n" not in seen:
                tries += 1
                try:
                    seen.add(_read(folder, "assets/table.csv"))
                except OSError as error:
                    seen.add(type(error).__name__.encode())
    finally:
        stop.touch()
        ended(child)
    assert SECRET not in seen


def test_no_handle_is_left_open(way: str, here: Path) -> None:
    confined.kind_at(here / "secret")
    before = _handles()
    with Folder.at(here / "house") as house:
        for name in [*READ, *REFUSED, *ERRORS]:
            with suppress(OSError):
                _read(house, name)
        list(house.walk())
    assert _handles() == before


def _handles() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())
