"""A package is its contents and nothing else: the same bytes from any folder, time zone, umask and order of files."""
import csv
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from platform.bundle.archive import write_package
from platform.bundle.content_types import content_type
from platform.bundle.manifest import BundleError, Source, entries_of, manifest_csv, manifest_json
from platform.files import Digests, sha256_file

ROOT = Path(__file__).resolve().parents[2]

# The SHA-256 of the package below. It may change only with a good reason: every package that was delivered changes too.
KNOWN = "3adec9571e56de0c25e3a7062d2a78246b8b73d4d8eed1838c40960300cfa017"

FILES = {"text/outline.txt": b"An outline.\n", "images/01.png": b"\x89PNG not really", "images/b/02.png": b"",
         "Ünïcode/naïve.csv": b"a,b\n1,2\n"}


def sources(folder: Path) -> list[Source]:
    """The files laid down below `folder`, the images as one folder."""
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [Source(folder / "text/outline.txt", sha256_file(folder / "text/outline.txt"), "outline.txt", "text",
                   "seed_text", "source_text"),
            Source(folder / "images", Digests().tree(folder / "images"), "pictures", "images", "search_images", "dir"),
            Source(folder / "Ünïcode/naïve.csv", sha256_file(folder / "Ünïcode/naïve.csv"))]


def package(folder: Path, shuffled: bool = False) -> Path:
    chosen = sources(folder)
    if shuffled:
        random.Random(7).shuffle(chosen)
    write_package(folder / "package.zip", entries_of(chosen))
    return folder / "package.zip"


def test_a_package_has_the_bytes_it_always_had(tmp_path):
    assert sha256_file(package(tmp_path)) == KNOWN


CHILD = """
import os, sys
sys.path.insert(0, {root!r})
import _platform_boot
sys.path.insert(0, {here!r})
os.umask(int(sys.argv[2], 8))
from pathlib import Path
from test_package import package
package(Path(sys.argv[1]), shuffled=True)
"""


@pytest.mark.parametrize(("zone", "umask"), [("UTC", "022"), ("Pacific/Auckland", "077"), ("America/St_Johns", "000")])
def test_another_folder_zone_umask_and_order_give_the_same_bytes(tmp_path, zone, umask):
    ours = package(tmp_path / "ours")
    folder = tmp_path / "some where else"
    folder.mkdir()
    os.utime(tmp_path, (1, 1))
    code = CHILD.format(root=str(ROOT), here=str(Path(__file__).parent))
    subprocess.run([sys.executable, "-c", code, str(folder), umask], check=True, env={**os.environ, "TZ": zone})
    assert (folder / "package.zip").read_bytes() == ours.read_bytes()


def test_other_programs_read_it(tmp_path):
    path = package(tmp_path)
    expected = {"outline.txt": b"An outline.\n", "pictures/01.png": b"\x89PNG not really", "pictures/b/02.png": b"",
                "naïve.csv": b"a,b\n1,2\n"}
    with zipfile.ZipFile(path) as read:
        assert read.testzip() is None
        names = read.namelist()
        assert names == sorted([*expected, "manifest.json", "manifest.csv"])
        assert {name: read.read(name) for name in expected} == expected
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("there is no unzip on this machine to read it with")
    subprocess.run([program, "-q", str(path), "-d", str(tmp_path / "out")], check=True,
                   env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (tmp_path / "out/naïve.csv").read_bytes() == expected["naïve.csv"]
    assert (tmp_path / "out/outline.txt").stat().st_mode & 0o777 == 0o644


def test_every_entry_is_a_plain_file_of_1980_without_compression(tmp_path):
    with zipfile.ZipFile(package(tmp_path)) as read:
        seen = {(info.date_time, info.external_attr >> 16, info.create_system, info.compress_type, info.extra)
                for info in read.infolist()}
    assert seen == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED, b"")}


def test_the_manifests_say_what_is_in_it_and_where_it_comes_from(tmp_path):
    entries = entries_of(sources(tmp_path))
    rows = json.loads(manifest_json(entries))["files"]
    assert [row["dest_path"] for row in rows] == ["naïve.csv", "outline.txt", "pictures/01.png", "pictures/b/02.png"]
    assert rows[1] == {
        "dest_path": "outline.txt", "bytes": 12, "sha256": hashlib.sha256(b"An outline.\n").hexdigest(),
        "content_type": "text/plain", "source_step_id": "text", "source_module_id": "seed_text",
        "source_output_id": "source_text"}
    table = list(csv.DictReader(io.StringIO(manifest_csv(entries).decode())))
    assert table == [{name: str(value) for name, value in row.items()} for row in rows]
    with zipfile.ZipFile(package(tmp_path / "again")) as read:
        assert read.read("manifest.json") == manifest_json(entries)
        assert read.read("manifest.csv") == manifest_csv(entries)


def test_a_file_without_a_name_in_the_package_gets_its_steps_and_its_own(tmp_path):
    (tmp_path / "report.json").write_bytes(b"{}")
    digest = sha256_file(tmp_path / "report.json")
    [entry] = entries_of([Source(tmp_path / "report.json", digest, step_id="make")])
    assert entry.dest_path == "make/report.json"


@pytest.mark.parametrize("shuffle", [0, 1, 2])
def test_a_file_that_is_bound_by_itself_and_by_its_directory_is_in_the_package_once(tmp_path, shuffle):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "index.jsonl").write_bytes(b"{}\n")
    (folder / "01.png").write_bytes(b"png")
    tree, index = Digests().tree(folder), sha256_file(folder / "index.jsonl")
    named = [Source(folder, tree, "images", "i", "search_images", "images_dir"),
             Source(folder / "index.jsonl", index, "images/index.jsonl", "i", "search_images", "images_index"),
             Source(folder / "index.jsonl", index, "images/index.jsonl", "i", "search_images", "images_index")]
    entries = entries_of(named[shuffle:] + named[:shuffle])
    assert [(entry.dest_path, entry.source_output_id) for entry in entries] == [
        ("images/01.png", "images_dir"), ("images/index.jsonl", "images_index")]
    write_package(tmp_path / "package.zip", entries)
    with zipfile.ZipFile(tmp_path / "package.zip") as read:
        assert read.namelist() == ["images/01.png", "images/index.jsonl", "manifest.csv", "manifest.json"]


def test_another_file_for_the_same_path_is_a_collision_although_its_bytes_are_the_same(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"same")
    digest = sha256_file(tmp_path / "one")
    with pytest.raises(BundleError, match="the same name"):
        entries_of([Source(tmp_path / "one", digest, "a.txt"), Source(tmp_path / "two", digest, "a.txt")])


@pytest.mark.parametrize(("paths", "told"), [
    (["a.txt", "A.TXT"], "the same name"),
    (["caf\u00e9.txt", "cafe\u0301.txt"], "the same name"),
    (["manifest.json"], "the package's own manifest.json"),
    (["MANIFEST.CSV"], "the package's own manifest.csv"),
    (["a", "a/b.txt"], "is inside 'a', which is a file"),
    (["manifest.json/a.txt"], "is inside the package's own manifest.json"),
    (["../a.txt"], "has a part that is .."),
    (["/a.txt"], "is absolute"),
    (["a\\b.txt"], "has a backslash"),
    (["con.txt"], "reserved name"),
])
def test_names_that_some_system_cannot_hold_are_refused(tmp_path, paths, told):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(BundleError, match=told.replace("\\", "\\\\")):
        entries_of(Source(tmp_path / "file", sha256_file(tmp_path / "file"), path) for path in paths)


def test_a_path_alone_gives_nobody_a_file(tmp_path):
    """A tenant can write a map that looks like a bound file; without the file's digest it is refused."""
    (tmp_path / "theirs.txt").write_bytes(b"another tenant's")
    with pytest.raises(BundleError, match="differs from the digest that its step recorded"):
        entries_of([Source(tmp_path / "theirs.txt", "0" * 64, "mine.txt")])
    with pytest.raises(BundleError, match="differs from the digest that its step recorded"):
        entries_of([Source(tmp_path, "0" * 64, "mine")])


def test_what_is_gone_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"'gone.txt' is missing"):
        entries_of([Source(tmp_path / "gone.txt", "0" * 64)])


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/own.txt").write_bytes(b"own")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "folder/link.txt").symlink_to(tmp_path / "secret")
    entries = entries_of([Source(tmp_path / "folder", Digests().tree(tmp_path / "folder"), "f")])
    assert [entry.dest_path for entry in entries] == ["f/own.txt"]


def test_a_file_that_changes_while_it_is_packed_gives_no_package(tmp_path):
    entries = entries_of(sources(tmp_path))
    (tmp_path / "text/outline.txt").write_bytes(b"An OUTLINE.\n")
    with pytest.raises(BundleError, match=r"'outline.txt' changed while it was packed"):
        write_package(tmp_path / "package.zip", entries)


def test_a_file_of_more_than_two_gigabytes_is_packed_as_zip64(tmp_path, monkeypatch):
    """With the border lowered to 1,000 bytes: the field is there for the large file and for no other."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    (tmp_path / "large").write_bytes(bytes(5000))
    (tmp_path / "small").write_bytes(bytes(10))
    both = [Source(tmp_path / name, sha256_file(tmp_path / name), name) for name in ("large", "small")]
    write_package(tmp_path / "package.zip", entries_of(both))
    data = (tmp_path / "package.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "package.zip") as read:
        extra = {info.filename: data[info.header_offset + 28] for info in read.infolist()}  # bytes of it, locally
        assert (extra["large"], extra["small"]) == (20, 0)
        assert read.read("large") == bytes(5000)
        assert read.read("small") == bytes(10)


@pytest.mark.parametrize(("name", "kind"), [
    ("a.json", "application/json"), ("A.JPG", "image/jpeg"), ("a/b.csv", "text/csv"), ("x.jsonl", "application/jsonl"),
    ("noend", "application/octet-stream"), ("a.unheard-of", "application/octet-stream")])
def test_a_content_type_comes_from_our_own_table(name, kind):
    assert content_type(name) == kind
