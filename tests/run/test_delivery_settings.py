"""Of the profile's delivery settings only the provider's own block counts, also in records of earlier versions."""
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from platform.app.repairs import about, subject_of
from platform.ledger.rules.attempts import Decision, Past
from platform.model.contract import Contract
from platform.model.ids import StepId
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.run.current import current
from platform.run.delivery_settings import as_before, counted
from platform.run.inputs import went_in_digests, what_went_in
from platform.run.job import time_limit_s

EARLIER = Path(__file__).parent / "records" / "delivery_of_an_earlier_version.json"  # written by the version before
EMAIL, FOLDER = {"from": "a@b.example", "transport": "outbox"}, {"root_dir": "box"}
BOTH = {"email": EMAIL, "folder": FOLDER}
WRITES = '(out / "text.txt").write_text(params["text"])\nreturn {"status": "COMPLETED"}'


@pytest.fixture
def sends(house) -> PlannedStep:
    house.profile = replace(house.profile, delivery=BOTH)
    return house.step(house.module("deliver_folder", WRITES, kind=Kind.DELIVERY), "send", params={"text": "x"})


def why(house, step: PlannedStep, **blocks: Mapping[str, Any]) -> tuple[str, ...]:
    house.profile = replace(house.profile, delivery=blocks)
    return current(house.context(), step)


@pytest.mark.parametrize(("module_id", "provider", "blocks", "names"), [
    ("deliver_folder", "", BOTH, ["folder"]),
    ("deliver_email", "", BOTH, ["email"]),
    ("to_the_box", "folder", BOTH, ["folder"]),
    ("deliver_email", "folder", BOTH, ["folder"]),
    ("to_the_box", "", BOTH, ["email", "folder"]),
    ("deliver_fax", "", BOTH, ["email", "folder"]),
    ("deliver_fax", "fax", BOTH, []),
    ("deliver_folder", "", {}, []),
])
def test_the_block_that_counts(module_id: str, provider: str, blocks: dict, names: list[str]) -> None:
    contract = Contract(module_id, module_id, "1.0", Kind.DELIVERY, "", provider=provider)
    assert counted(contract, blocks) == {name: blocks[name] for name in names}


def test_another_providers_settings_reopen_nothing(house, sends) -> None:
    house.run(sends)
    assert why(house, sends, folder=FOLDER, email={**EMAIL, "from": "c@d.example"}) == ()
    assert why(house, sends, folder=FOLDER, webdav={"url": "https://x.example"}) == ()
    assert why(house, sends, folder={"root_dir": "other"}, email=EMAIL) == ("delivery.folder.root_dir changed",)


def test_a_module_gets_its_own_block_and_its_own_directory(house) -> None:
    told = house.module("to_the_box", 'import json\n(out / "text.txt").write_text(json.dumps(sorted('
                        'params["_platform"]["delivery"])))\nreturn {"status": "COMPLETED"}', kind=Kind.DELIVERY,
                        provider="folder")
    house.profile = replace(house.profile, delivery={"folder": FOLDER, "email": {**EMAIL, "outbox_dir": "outbox"}})
    step = house.step(told, "send", params={"text": "x"})
    house.run(step)
    assert json.loads((house.folder(step) / "outputs" / "text.txt").read_text()) == ["folder"]
    assert (house.root / "box").is_dir() and not (house.root / "outbox").exists()


def test_only_a_delivery_by_mail_waits_for_the_mail_server(house, sends) -> None:
    house.profile = replace(house.profile, delivery={**BOTH, "email": {"transport": "smtp", "answer_timeout_s": 100}})
    contract = replace(sends.contract, network=True)
    mails = replace(sends, contract=replace(contract, provider="email"))
    own_s = house.profile.limits.timeout_s
    assert (time_limit_s(house.profile, replace(sends, contract=contract)), time_limit_s(house.profile, mails)) == (
        own_s, own_s + 130)


def test_a_delivery_that_an_earlier_version_recorded_is_done(house, sends) -> None:
    folder = house.folder(sends)
    (folder / "outputs").mkdir(parents=True)
    (folder / "outputs" / "text.txt").write_text("x")
    (folder / "run.json").write_bytes(EARLIER.read_bytes())
    assert why(house, sends, **BOTH) == ()
    assert why(house, sends, folder=FOLDER) == ()
    assert why(house, sends, folder=FOLDER, email={**EMAIL, "from": "c@d.example"}) == ()
    assert why(house, sends, email=EMAIL, folder={"root_dir": "other"}) == ("delivery.folder.root_dir changed",)


def test_what_an_earlier_version_kept_of_a_failure_is_still_the_same_work(house, sends) -> None:
    context = house.context()
    earlier = json.loads(EARLIER.read_bytes())
    assert went_in_digests(context, sends)[1] == earlier["inputs_digest"]
    assert as_before(what_went_in(context, sends), BOTH) == earlier["inputs"]


def test_a_decision_of_an_earlier_version_stays_in_force() -> None:
    now = {"bindings": {"/package_zip": {"sha256": "a" * 64}}, "delivery": {"folder": FOLDER}}
    before, work = about(as_before(now, BOTH)), ("b" * 64, 0)
    decided = Decision(1, "arrived", "ops@host", "2026-11-24T10:00:00Z", "", before)
    past = Past(StepId("nxlkGI", "UbjkpxZO", "send"), work, made=1)
    assert subject_of(past, now, BOTH) == about(now) != before
    assert subject_of(replace(past, decisions=(decided,)), now, BOTH) == before
