"""What every registered adapter promises, held against each. Release stores: tests/releases/test_promises.py."""
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from platform.delivery.registry import PROVIDERS
from platform.errors import PlatformError, StorageError
from platform.model.profile import Limits, Profile
from platform.owned import Displaced
from platform.ports.executor import Executor, Job
from platform.ports.provider import Declined, DeliveryRequest, Parcel, Presence, Provider
from platform.ports.result_store import ResultKey, ResultStore
from platform.releases.open import RELEASE_STORES, open_store
from platform.run.executors import EXECUTORS
from platform.run.fault import Fault
from platform.run.result_stores import RESULT_STORES

ROOT = Path(__file__).resolve().parents[2]
KEY, OTHER = ResultKey("nxlkGI", "a" * 64), ResultKey("q7RtLm", "a" * 64)


# Result stores


@pytest.fixture(params=sorted(RESULT_STORES))
def results(request, tmp_path: Path) -> ResultStore:
    return RESULT_STORES[request.param](tmp_path / "runtime")


def outputs(folder: Path, text: str) -> Path:
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "text.txt").write_text(text)
    return folder


def fetched(results: ResultStore, key: ResultKey, into: Path) -> dict[str, str]:
    into.mkdir()
    results.fetch(key, into)
    return {path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()}


def test_a_result_is_returned_as_it_was_kept(results: ResultStore, tmp_path: Path) -> None:
    assert results.record(KEY) is None
    results.keep(KEY, b"record", outputs(tmp_path / "made", "tea"))
    assert results.record(KEY) == b"record"
    assert fetched(results, KEY, tmp_path / "taken") == {"below/text.txt": "tea"}


def test_the_first_result_of_a_key_remains_until_it_is_dropped(results: ResultStore, tmp_path: Path) -> None:
    results.keep(KEY, b"first", outputs(tmp_path / "one", "tea"))
    results.keep(KEY, b"second", outputs(tmp_path / "two", "ice"))
    assert (results.record(KEY), fetched(results, KEY, tmp_path / "a")) == (b"first", {"below/text.txt": "tea"})
    results.drop(KEY)
    assert results.record(KEY) is None
    results.drop(KEY)
    results.keep(KEY, b"second", tmp_path / "two")
    assert (results.record(KEY), fetched(results, KEY, tmp_path / "b")) == (b"second", {"below/text.txt": "ice"})


def test_results_of_tenants_never_meet(results: ResultStore, tmp_path: Path) -> None:
    results.keep(KEY, b"record", outputs(tmp_path / "made", "tea"))
    assert results.record(OTHER) is None
    results.drop(OTHER)
    assert results.record(KEY) == b"record"


def test_what_cannot_be_kept_whole_is_not_kept(results: ResultStore, tmp_path: Path) -> None:
    results.keep(KEY, b"record", tmp_path / "missing")
    assert results.record(KEY) is None
    (tmp_path / "into").mkdir()
    with pytest.raises(OSError):
        results.fetch(KEY, tmp_path / "into")


def test_a_directory_of_results_that_is_a_link_is_refused(tmp_path: Path) -> None:
    results = RESULT_STORES["directory"](tmp_path / "runtime")
    made = outputs(tmp_path / "made", "tea")
    results.keep(KEY, b"record", made)
    (tmp_path / "runtime" / "cache").rename(tmp_path / "elsewhere")
    (tmp_path / "runtime" / "cache").symlink_to(tmp_path / "elsewhere")
    for ask in (lambda: results.record(KEY), lambda: results.keep(OTHER, b"record", made), lambda: results.drop(KEY)):
        with pytest.raises(Displaced):
            ask()
    assert (tmp_path / "elsewhere" / KEY.tenant_id / KEY.inputs_digest).is_dir()


# Executors


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request) -> Executor:
    return EXECUTORS[request.param](Profile(sandbox="process"))


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], Job]:
    def make(body: str) -> Job:
        for name in ("module/src", "outputs", "scratch"):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "module/src/run.py").write_text(f"def run(params, outputs_dir):\n    {body}\n")
        (tmp_path / "log.txt").touch()
        return Job(tmp_path / "module", {"text": "tea"}, tmp_path / "outputs", tmp_path / "scratch",
                   tmp_path / "log.txt", Limits(timeout_s=60))

    return make


def test_a_job_ends_as_its_module_says(executor: Executor, job) -> None:
    done = executor.submit(job('open(outputs_dir + "/a.txt", "w").write(params["text"]); print("said"); '
                               'return {"status": "COMPLETED", "message": "done"}')).result(60)
    assert (done.said[2:], done.exit_status, done.called) == (("returned", "COMPLETED", "", "done"), 0, True)
    made = job("pass")
    assert ((made.outputs / "a.txt").read_text(), made.log.read_text()) == ("tea", "said\n")


def test_no_secret_leaves_a_job(executor: Executor, job) -> None:
    todo = replace(job('import os; key = os.environ["KEY"]; print(key); return {"status": "FAILED", "message": key}'),
                   env={"KEY": "hunter2hunter2"}, secrets=("hunter2hunter2",))
    done = executor.submit(todo).result(60)
    assert "hunter2" not in todo.log.read_text() + repr(done) and todo.log.read_text()


def test_what_cannot_be_started_is_an_error_of_the_future(executor: Executor, job) -> None:
    ended = executor.submit(replace(job("pass"), params={"no JSON": object()}))
    with pytest.raises(Fault):
        ended.result(60)


def test_a_log_that_cannot_be_written_is_an_error_of_the_future(executor: Executor, job) -> None:
    todo = job('return {"status": "COMPLETED"}')
    with pytest.raises(StorageError):
        executor.submit(replace(todo, log=todo.scratch)).result(60)


def test_the_isolation_is_said_in_words(executor: Executor) -> None:
    assert executor.isolation(network=False).partition(":")[0] in ("process", "bubblewrap")


def test_an_isolation_that_is_demanded_and_missing_is_refused() -> None:
    demanding = Profile(sandbox="process", limits=Limits(enforce="cgroup"))
    try:
        words = EXECUTORS["local"](demanding).isolation(network=False)
    except PlatformError as error:
        assert error.exit_status == 12 and "cgroup" in str(error)
    else:
        assert "cgroup" in words


# Providers and release stores


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request, tmp_path: Path) -> tuple[Provider, Parcel]:
    package = tmp_path / "package.zip"
    package.write_bytes(b"bytes")
    sha256 = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"
    parcel = Parcel("key", "nxlkGI/tea/run/send/package_artifacts/package.zip", package, 5, sha256)
    settings = {"folder": {"root_dir": str(tmp_path / "put")},
                "email": {"from": "us@harbour.example", "transport": "outbox", "outbox_dir": str(tmp_path / "put")}}
    inputs = {"recipient_email": "reader@harbour.example", "subject": "Tea", "body": "It is attached."}
    made = PROVIDERS[request.param](DeliveryRequest(parcel, inputs, settings[request.param]))
    return made, parcel


def test_a_provider_finds_what_it_put_and_nothing_else(provider: tuple[Provider, Parcel], tmp_path: Path) -> None:
    made, parcel = provider
    assert made.look(parcel).presence is Presence.ABSENT
    assert made.put(parcel).presence is Presence.THERE
    assert made.look(parcel).presence is Presence.THERE
    assert made.put(parcel).presence is Presence.THERE
    assert made.look(replace(parcel, sha256="0" * 64)).presence in (Presence.DIFFERENT, Presence.ABSENT)


def test_a_provider_without_its_settings_declines(provider: tuple[Provider, Parcel]) -> None:
    for make in PROVIDERS.values():
        with pytest.raises(Declined):
            make(DeliveryRequest(provider[1], {}, {}))


def test_every_type_of_release_store_in_the_schema_is_registered(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "runtime_profile.schema.json").read_bytes())
    types = schema["properties"]["release_store"]["properties"]["type"]["enum"]
    assert sorted(RELEASE_STORES) == sorted(types)
    assert open_store({"type": "none"}, tmp_path, {}) is None is open_store({"type": "github"}, tmp_path, {})
    assert open_store({"type": "folder", "dir": "box"}, tmp_path, {}).uri == "file:box"
