"""docs/howto/add-an-adapter.md is true: a toy adapter of each port, made as the page says, is found and used."""
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from platform.delivery.registry import PROVIDERS
from platform.delivery.step import run_delivery
from platform.ledger.journal.disk import DISK
from platform.ledger.journal.journal import Exports, LedgerReader
from platform.ledger.journal.journal_stores import JOURNAL_STORES, OpenedJournal, open_journal
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.model.digest import sha256_hex
from platform.model.profile import Limits, Profile
from platform.ports.executor import Job
from platform.ports.provider import Broken, Parcel, Presence, Sighting
from platform.ports.release_store import Asset, NameTaken
from platform.ports.result_store import ResultKey
from platform.releases.open import RELEASE_STORES, open_store
from platform.run.executors import EXECUTORS, executor_of
from platform.run.executors.local import LocalExecutor
from platform.run.result_stores import RESULT_STORES, result_store_of
from tests.ledger.stores import MemoryStore
from tests.support import ROOT

PAGE = (ROOT / "docs" / "howto" / "add-an-adapter.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| .* \| `(platform/[\w/]+/)` \| `(\w+)` in `([\w/]+\.py)` \|$", PAGE, re.MULTILINE)


def test_the_table_lists_each_port_with_its_registry() -> None:
    ports = {name for file in (ROOT / "platform/ports").glob("*.py")
             for name in re.findall(r"^class (\w+)\(Protocol\)", file.read_text(), re.MULTILINE)}
    assert {row[0] for row in ROWS} == ports
    for _, folder, name, file in ROWS:
        registry = getattr(import_module(f"platform.{file.removesuffix('.py').replace('/', '.')}"), name)
        assert isinstance(registry, dict) and registry, name
        assert (ROOT / "platform" / file).is_relative_to(ROOT / folder), name


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_code_of_the_page_delivers(code: str, tmp_path: Path) -> None:
    module: dict[str, Any] = {}
    exec(code, module)
    sent = params(tmp_path, {"folder": {"root_dir": str(tmp_path / "put")}})
    assert module["run"](sent, str(tmp_path)) == {"status": "COMPLETED"}
    assert [path.read_bytes() for path in (tmp_path / "put").rglob("*.zip")] == [b"bytes"]


def params(folder: Path, settings: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    (folder / "package.zip").write_bytes(b"bytes")
    context = {"tenant_id": "nxlkGI", "work_order_id": "tea", "step_id": "send", "run_id": "run", "delivery_key": "key",
               "delivery": settings}
    return {"package_zip": {"path": str(folder / "package.zip")}, "_platform": context}


class ToyProvider:
    """Keeps what it got in a dictionary; its first answer is lost on the way."""

    name, recorded = "toy", False

    def __init__(self) -> None:
        self.got: dict[str, bytes] = {}

    def look(self, parcel: Parcel) -> Sighting:
        return Sighting(Presence.THERE if parcel.identity in self.got else Presence.ABSENT)

    def put(self, parcel: Parcel) -> Sighting:
        self.got[parcel.identity] = parcel.package.read_bytes()
        raise Broken("the answer was lost")


def test_a_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toy = ToyProvider()
    monkeypatch.setitem(PROVIDERS, "toy", lambda request: toy)
    assert run_delivery(params(tmp_path, {}), tmp_path, "toy")["status"] == "COMPLETED"
    assert list(toy.got.values()) == [b"bytes"]
    assert '"provider": "toy"' in (tmp_path / "delivery_receipt.json").read_text()


class ToyReleases:
    """Releases in dictionaries."""

    uri = "toy:"

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, tuple[Asset, bytes]]] = {}

    def tags(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(tag for tag in self.kept if tag.startswith(prefix)))

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        return {name: asset for name, (asset, _) in self.kept[tag].items()} if tag in self.kept else None

    def create(self, tag: str, title: str) -> None:
        self.kept.setdefault(tag, {})

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        if name in self.kept[tag]:
            raise NameTaken(self.kept[tag][name][0])
        data = file.read_bytes()
        self.kept[tag][name] = Asset(name, len(data), sha256_hex(data), f"toy:{tag}/{name}"), data
        return self.kept[tag][name][0]

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        target.write_bytes(self.kept[tag][asset.name][1])


def test_a_release_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(RELEASE_STORES, "toy", lambda settings, root, env: ToyReleases())
    store = open_store({"type": "toy"}, tmp_path, {})
    assert store is not None and store.assets("a") is None
    store.create("a", "A")
    (tmp_path / "x").write_bytes(b"1")
    asset = store.upload("a", "x", tmp_path / "x")
    with pytest.raises(NameTaken):
        store.upload("a", "x", tmp_path / "x")
    store.download("a", asset, tmp_path / "y")
    assert (tmp_path / "y").read_bytes() == b"1"


def test_a_journal_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = MemoryStore()
    monkeypatch.setitem(JOURNAL_STORES, "toy", lambda folder, disk, snapshot_posts: OpenedJournal(store, Exports()))
    opened = open_journal(tmp_path, DISK, None, "toy")
    Ledger(*opened).post(lambda book: [topup("tenant", 10, "wire", "a")])
    assert LedgerReader.over(*opened).book.balance("tenant") == 10
    assert list(tmp_path.iterdir()) == []


class ToyResults:
    """The records of results, without outputs."""

    def __init__(self, runtime_dir: Path) -> None:
        self.kept: dict[ResultKey, bytes] = {}

    def record(self, key: ResultKey) -> bytes | None:
        return self.kept.get(key)

    def fetch(self, key: ResultKey, outputs: Path) -> None:
        raise FileNotFoundError(key.inputs_digest)

    def keep(self, key: ResultKey, record: bytes, outputs: Path) -> None:
        self.kept.setdefault(key, record)

    def drop(self, key: ResultKey) -> None:
        self.kept.pop(key, None)


def test_a_result_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(RESULT_STORES, "toy", ToyResults)
    store, key = result_store_of(tmp_path, "toy"), ResultKey("nxlkGI", "a" * 64)
    store.keep(key, b"first", tmp_path)
    store.keep(key, b"second", tmp_path)
    assert store.record(key) == b"first"
    store.drop(key)
    assert store.record(key) is None


class ToyExecutor(LocalExecutor):
    """Another machine: this one, under another name."""

    def isolation(self, *, network: bool) -> str:
        return f"toy: {super().isolation(network=network)}"


def test_an_executor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(EXECUTORS, "toy", ToyExecutor)
    executor = executor_of(Profile(sandbox="process"), "toy")
    assert executor.isolation(network=False).startswith("toy: process")
    for name in ("module/src", "outputs", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "module/src/run.py").write_text("def run(params, outputs_dir):\n    return {'status': 'COMPLETED'}\n")
    job = Job(tmp_path / "module", {}, tmp_path / "outputs", tmp_path / "scratch", tmp_path / "log.txt",
              Limits(timeout_s=60))
    assert executor.submit(job).result(60).said[2:4] == ("returned", "COMPLETED")
    executor.shutdown()
