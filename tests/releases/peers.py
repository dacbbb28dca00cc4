"""Programs of others, which scripts/setup_peers puts into build/peers/: started for a test that skips without them."""
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

MODULES = ROOT / "build" / "peers" / "node_modules"
PATIENCE_S = 120  # a slow machine's start of a program; nothing waits that long where it works


def needed(package: str) -> Path:
    """The folder of an npm package; the test is skipped when it is not there."""
    if shutil.which("node") is None:
        pytest.skip("there is no node: run scripts/setup_peers")
    folder = MODULES / package
    if not (folder / "package.json").exists():
        pytest.skip(f"{package} is not installed: run scripts/setup_peers")
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(command: list[str | Path], port: int, log: Path) -> Iterator[None]:
    """A program that listens on a port, until the test is done with it."""
    with log.open("w") as file, subprocess.Popen(["node", *command], stdout=file, stderr=subprocess.STDOUT,
                                                 cwd=log.parent) as process:
        try:
            end = time.monotonic() + PATIENCE_S
            while not listening(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def program(package: str, name: str) -> Path:
    """The JavaScript file of a package's command."""
    folder = needed(package)
    commands = json.loads((folder / "package.json").read_text())["bin"]
    return folder / (commands if isinstance(commands, str) else commands[name])


def _of_releases(path: str) -> bool:
    return path.startswith("/repos/{owner}/{repo}/releases")


def description(wanted: Callable[[str], bool] = _of_releases) -> dict[str, Any]:
    """The part of GitHub's own description of its API that is about the wanted paths (releases), word for word; the
    whole takes a minute to load."""
    whole = json.loads((needed("@octokit/openapi") / "generated" / "api.github.com.json").read_text())
    paths = {path: what for path, what in whole["paths"].items() if wanted(path)}
    parts: dict[str, dict[str, Any]] = {}

    def keep(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                _, _, kind, name = value["$ref"].split("/")
                if name not in parts.setdefault(kind, {}):
                    parts[kind][name] = whole["components"][kind][name]
                    keep(parts[kind][name])
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                keep(one)

    keep(paths)
    return {**{name: whole[name] for name in ("openapi", "info", "servers")}, "paths": paths, "components": parts}
