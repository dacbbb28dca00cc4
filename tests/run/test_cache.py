"""The content cache: equal work is taken over inside a tenant, byte for byte or not at all."""
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from platform.model.order import Binding, Kind, Reuse
from platform.run.cache import expired

OTHER = "AbCdEf"
SAY = '(out / "text.txt").write_text(params["text"])\nprint("running")\nreturn {"status": "COMPLETED"}'


@pytest.fixture
def say(house):
    return house.module("say", SAY, outputs={"text": "text.txt"})


def entry(house):
    found = list((house.runtime / "cache").glob("*/*"))
    assert len(found) == 1
    return found[0]


def test_another_step_takes_the_same_result_and_says_whose(house, say):
    made = house.run(house.step(say, "one", params={"text": "tea"}, bought=True))
    step = house.step(say, "two", order="Another1", params={"text": "tea"}, bought=True)
    taken = house.run(step)
    assert (made.cached_from, taken.cached_from) == ("", "nxlkGI/UbjkpxZO/one")
    assert (taken.attempts, taken.isolation, taken.outputs) == (0, "none: taken from the cache", made.outputs)
    assert (house.folder(step) / "outputs" / "text.txt").read_text() == "tea" and house.log(step) == ""
    assert house.run(house.step(say, "three", params={"text": "ice"})).cached_from == ""


def test_never_across_tenants(house, say):
    house.run(house.step(say, params={"text": "tea"}))
    assert house.run(house.step(say, tenant=OTHER, params={"text": "tea"})).cached_from == ""


def test_not_where_the_order_or_the_profile_says_no(house, say):
    house.run(house.step(say, params={"text": "tea"}))
    assert house.run(house.step(say, "two", params={"text": "tea"}, reuse=Reuse.NONE)).cached_from == ""
    house.profile = replace(house.profile, cache=False)
    assert house.run(house.step(say, "three", params={"text": "tea"})).cached_from == ""


def test_never_a_delivery(house):
    sends = house.module("sends", SAY, kind=Kind.DELIVERY)
    for name in ("one", "two"):
        assert house.run(house.step(sends, name, params={"text": "tea"})).cached_from == ""
    assert not (house.runtime / "cache").exists()


def test_never_a_failure(house):
    fails = house.module("fails", 'return {"status": "FAILED"}')
    house.run(house.step(fails))
    assert not (house.runtime / "cache").exists()


def test_other_code_is_other_work(house, say):
    house.run(house.step(say, params={"text": "tea"}))
    changed = house.module("say", SAY.replace("running", "walking"))
    assert house.run(house.step(changed, "two", params={"text": "tea"})).cached_from == ""


def test_a_damaged_own_result_is_made_again_and_not_papered_over(house, say):
    step = house.step(say, params={"text": "tea"})
    house.run(step)
    (house.folder(step) / "outputs" / "text.txt").unlink()
    record = house.run(step)
    assert (record.cached_from, record.attempts) == ("", 1)


def test_a_runner_that_lost_its_results_takes_its_own_from_the_cache(house, say):
    import shutil

    step = house.step(say, params={"text": "tea"})
    house.run(step)
    shutil.rmtree(house.folder(step))
    assert house.run(step).cached_from == "nxlkGI/UbjkpxZO/one"


DAMAGE = {
    "a changed byte": lambda entry: (entry / "outputs" / "text.txt").write_text("ice"),
    "a missing output": lambda entry: (entry / "outputs" / "text.txt").unlink(),
    "an output too many": lambda entry: (entry / "outputs" / "more.txt").write_text("x"),
    "a torn record": lambda entry: (entry / "entry.json").write_text("{"),
    "no record": lambda entry: (entry / "entry.json").unlink(),
    "a link": lambda entry: ((entry / "outputs" / "text.txt").unlink(),
                             (entry / "outputs" / "text.txt").symlink_to(entry / "entry.json")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_entry_is_dropped_and_made_anew(house, say, what):
    house.run(house.step(say, "one", params={"text": "tea"}, bought=True))
    DAMAGE[what](entry(house))
    two, three = (house.step(say, name, params={"text": "tea"}, bought=True) for name in ("two", "three"))
    assert house.run(two).cached_from == ""
    assert (house.folder(two) / "outputs" / "text.txt").read_text() == "tea"
    assert house.run(three).cached_from == "nxlkGI/UbjkpxZO/two"


def test_what_a_module_is_told_of_its_sources_is_part_of_the_work(house, say):
    """The same bytes from another step are another input: a package names its sources."""
    for name in ("one", "two"):
        house.run(house.step(say, name, params={"text": "tea"}))
    pack = house.module("pack", '(out / "text.txt").write_text(params["in"]["step_id"])\n'
                                'return {"status": "COMPLETED"}', kind=Kind.PACKAGING)
    texts = []
    for name, source in (("a", "one"), ("b", "two")):
        step = house.step(pack, name, params={"in": Binding(from_step=source, output_id="text")})
        assert house.run(step).cached_from == ""
        texts.append((house.folder(step) / "outputs" / "text.txt").read_text())
    assert texts == ["one", "two"]


@pytest.mark.parametrize(("retention", "age", "gone"), [
    ("", "2020-01-01T00:00:00Z", False), ("12h", "2026-11-23T21:59:59Z", True), ("12h", "2026-11-23T22:00:01Z", False),
    ("1w", "2026-11-17T09:59:59Z", True), ("1w", "2026-11-17T10:00:01Z", False), ("1y", "2025-11-24T10:00:01Z", False),
])
def test_a_result_is_kept_as_long_as_its_contract_says(retention, age, gone):
    assert expired(age, datetime(2026, 11, 24, 10, tzinfo=UTC), retention) is gone


def test_an_expired_entry_is_made_anew(house):
    say = house.module("say", SAY, retention="1d")
    house.run(house.step(say, "one", params={"text": "tea"}))
    house.time = house.time.replace(day=26)
    assert house.run(house.step(say, "two", params={"text": "tea"})).cached_from == ""
    assert house.run(house.step(say, "three", params={"text": "tea"})).cached_from == "nxlkGI/UbjkpxZO/two"
