"""The wheel contains what the tool needs and nothing else, and it works where nothing else is."""
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from installation.build_hook import SHIPPED
from scripts import check_wheel
from tests.support import ROOT

pytestmark = pytest.mark.slow


def tracked(*names: str) -> set[str]:
    """The files in git, and those that are about to be."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *names], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (ROOT / name).is_file()}


def test_the_wheel_contains_the_package_its_finder_and_the_tools_own_files(dist: Path) -> None:
    with ZipFile(check_wheel.one(dist, "*.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert wheel.read("platform_runner.pth") == b"import _platform_finder\n"
    assert names == (
        tracked("platform") | {"_platform_boot.py", "_platform_finder.py", "platform_runner.pth"}
        | {f"platform/_shipped/{name}" for name in tracked(*SHIPPED)})


def test_the_source_archive_contains_tracked_files_only(dist: Path) -> None:
    with tarfile.open(check_wheel.one(dist, "*.tar.gz")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} - tracked() == set()
    assert {"LICENSE", "README.md", "pyproject.toml", "installation/build_hook.py"} < names


def test_the_metadata_says_what_it_is(dist: Path) -> None:
    with ZipFile(check_wheel.one(dist, "*.whl")) as wheel:
        (info,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
        entry_points = wheel.read(f"{info}/entry_points.txt").decode()
        metadata = wheel.read(f"{info}/METADATA").decode()
    assert entry_points.split() == ["[console_scripts]", "platform", "=", "_platform_boot:main",
                                    "[doit.LOADER]", "platform", "=", "_platform_boot:Loader"]
    for line in ("Requires-Python: >=3.11", "License-File: LICENSE", "Description-Content-Type: text/markdown",
                 "Provides-Extra: charts", "Provides-Extra: signing", "Provides-Extra: dev"):
        assert f"\n{line}\n" in metadata


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_it_is_installed_and_runs_in_an_empty_root(dist: Path) -> None:
    done = subprocess.run([sys.executable, "scripts/check_wheel.py", "--dist", str(dist), "--tag", "v0.1.0"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1] == "doit in another project"


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
@pytest.mark.parametrize("tag", ["v0.1.1", "0.1.0"])
def test_a_tag_that_is_not_the_version_is_refused(dist: Path, tag: str) -> None:
    done = subprocess.run([sys.executable, "scripts/check_wheel.py", "--dist", str(dist), "--tag", tag], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"the tag {tag} is not v0.1.0, the version in pyproject.toml\n"


def test_an_installation_that_is_too_large_is_refused(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                      ) -> None:
    def installed(env: Path, _wheel: Path) -> Path:
        site = env / "lib" / "python3.11" / "site-packages"
        (site / "pip").mkdir(parents=True)
        (site / "pip" / "large").write_bytes(bytes(70_000_000))
        (site / "large").write_bytes(bytes(61_000_000))
        return env / "bin" / "python"

    monkeypatch.setattr(check_wheel, "installed", installed)
    with pytest.raises(check_wheel.Failure, match="the installation has 61 MB; it may have 60"):
        list(check_wheel.checks(dist, "", tmp_path))


def test_a_release_has_the_tag_and_both_files(dist: Path, tmp_path: Path) -> None:
    """`gh` is a program that prints its arguments."""
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    gh.chmod(0o755)
    line = [sys.executable, "scripts/publish_wheel.py", "--tag", "v0.1.0", "--dist"]
    done = subprocess.run([*line, str(dist)], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    words = done.stdout.splitlines()
    assert (done.returncode, words[:4]) == (0, ["release", "create", "v0.1.0", "--verify-tag"])
    assert [Path(word).name for word in words[-2:]] == [
        "platform_runner-0.1.0-py3-none-any.whl", "platform_runner-0.1.0.tar.gz"]
    done = subprocess.run([*line, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "contains 0 of a wheel" in done.stderr) == (2, True)
