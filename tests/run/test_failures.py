"""Every way in which a step can fail is a row: what the module does, the reason, and words of the message."""
from dataclasses import replace

import pytest

from platform.model.contract import InputPort, Secret
from platform.model.order import Binding, Kind, Selector
from platform.model.run import Status

FAILURES = {
    "says so": ('return {"status": "FAILED", "reason_slug": "no_tea", "message": "the pot is empty"}',
                "no_tea", "the pot is empty"),
    "says so without a slug": ('return {"status": "FAILED", "reason_slug": "No Tea!"}', "module_failed", "no more"),
    "raises": ('raise ValueError("the pot is hot")', "module_crashed", "ValueError: the pot is hot"),
    "is killed": ("os.kill(os.getpid(), 9)", "module_crashed", "SIGKILL"),
    "crashes hard": ("import ctypes; ctypes.string_at(0)", "module_crashed", "SIGSEGV"),
    "sys.exit(0)": ("sys.exit(0)", "module_exited", "status 0"),
    "sys.exit(3)": ("sys.exit(3)", "module_exited", "status 3"),
    "os._exit(0)": ("os._exit(0)", "module_exited", "status 0"),
    "dies after its result": ('import atexit; atexit.register(os._exit, 7); return {"status": "COMPLETED"}',
                              "module_exited", "status 7"),
    "returns nothing": ("return None", "malformed_result", "None"),
    "returns another status": ('return {"status": "DONE"}', "malformed_result", "DONE"),
    "returns a status that is no text": ('return {"status": True}', "malformed_result", "True"),
    "writes what is not declared": ('(out / "more.txt").write_text("x"); return {"status": "COMPLETED"}',
                                    "undeclared_output", "more.txt"),
    "leaves a link": ('(out / "text.txt").symlink_to("/etc/passwd"); return {"status": "COMPLETED"}',
                      "undeclared_output", "text.txt is a link"),
    "leaves a hard link": ('os.link(__file__, out / "text.txt"); return {"status": "COMPLETED"}',
                           "undeclared_output", "hard link"),
    "leaves a pipe": ('os.mkfifo(out / "text.txt"); return {"status": "COMPLETED"}', "undeclared_output", "pipe"),
    "leaves a link to a folder": ('(out / "more").symlink_to("/etc"); return {"status": "COMPLETED"}',
                                  "undeclared_output", "more is a link"),
    "makes a folder of a file": ('(out / "text.txt").mkdir(); return {"status": "COMPLETED"}',
                                 "undeclared_output", "not a file"),
    "writes a name that is no text": ('open(os.fsencode(out) + b"/\\xff", "w"); return {"status": "COMPLETED"}',
                                      "undeclared_output", "not UTF-8"),
    "does not make what was bought": ('return {"status": "COMPLETED"}', "missing_output", "text"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_has_its_own_reason_and_leaves_no_outputs(house, what):
    body, reason, words = FAILURES[what]
    step = house.step(house.module("fails", body), bought=True)
    record = house.run(step)
    assert (record.status, record.reason, record.attempts) == (Status.FAILED, reason, 1)
    assert words in record.message
    assert record.outputs == () and list((house.folder(step) / "outputs").iterdir()) == []


def test_the_traceback_is_in_the_log_and_shows_the_module_only(both):
    step = both.step(both.module("fails", 'print("before")\nraise ValueError("the pot is hot")'))
    both.run(step)
    log = both.log(step)
    assert log.startswith("before\nTraceback") and log.endswith("ValueError: the pot is hot\n")
    assert "src/run.py" in log and "child.py" not in log


def test_code_that_cannot_be_read_is_a_failed_step(house):
    step = house.step(house.module("fails", "return {"))
    record = house.run(step)
    assert record.reason == "module_crashed" and "SyntaxError" in record.message
    (house.root / "modules" / "fails" / "src" / "run.py").unlink()
    record = house.run(step)
    assert (record.reason, record.message) == ("internal_error", "modules/fails/src/run.py is missing")


def test_a_secret_that_is_missing_or_empty_fails_the_step_before_it_starts(house):
    house.env = {"TEA_KEY": ""}
    step = house.step(house.module("needs", "return None", secrets=(Secret("TEA_KEY"), Secret("ICE_KEY"))), retries=3)
    record = house.run(step)
    assert (record.reason, record.attempts, house.waited) == ("secrets_missing", 0, [])
    assert "ICE_KEY, TEA_KEY" in record.message


def test_a_completed_step_may_have_a_reason(house):
    body = 'return {"status": "COMPLETED", "reason_slug": "verified_after_transient_error", "message": "twice"}'
    record = house.run(house.step(house.module("says", body)))
    assert (record.status, record.reason, record.message) == (
        Status.COMPLETED, "verified_after_transient_error", "twice")


BOUND = {
    "an output that was not made": (Binding(from_step="up", output_id="other"), "missing_required_input", "no other"),
    "a step that never ran": (Binding(from_step="down", output_id="text"), "missing_required_input", "not completed"),
    "an asset that is not there": (Binding(asset="x.csv"), "missing_required_input", "asset x.csv"),
    "no JSON": (Binding(from_step="up", output_id="text", selector=Selector.JSON), "bad_input_format", "is not JSON"),
}


@pytest.mark.parametrize("what", BOUND)
def test_an_input_that_is_not_there_or_not_readable_fails_the_step(house, what):
    binding, reason, words = BOUND[what]
    upstream = house.module("up", '(out / "text.txt").write_text("tea"); return {"status": "COMPLETED"}')
    house.run(house.step(upstream, "up"))
    record = house.run(house.step(house.module("down", "return None"), params={"text": binding}, upstream=("up",)))
    assert (record.status, record.reason, record.attempts) == (Status.FAILED, reason, 0)
    assert words in record.message and str(house.root) not in record.message


def test_nobody_builds_on_a_damaged_result(house):
    upstream = house.step(house.module("up", '(out / "text.txt").write_text("tea"); return {"status": "COMPLETED"}'),
                          "up")
    house.run(upstream)
    (house.folder(upstream) / "outputs" / "text.txt").write_text("ice")
    for selector in (Selector.FILE, Selector.TEXT):
        down = house.step(house.module("down", "return None"),
                          params={"text": Binding(from_step="up", output_id="text", selector=selector)})
        record = house.run(down)
        assert record.reason == "missing_required_input" and "not what was recorded" in record.message


DELIVERIES = {
    "crashes": ('raise OSError("reset")', "unverified", "module_crashed: OSError: reset"),
    "exits": ("sys.exit(0)", "unverified", "module_exited"),
    "returns nonsense": ("return 1", "unverified", "malformed_result"),
    "leaves more than it may": ('(out / "more").write_text("x"); return {"status": "COMPLETED"}', "unverified",
                                "undeclared_output"),
    "forgets its receipt": ('return {"status": "COMPLETED"}', "unverified", "missing_output"),
    "is sure that it did not": ('return {"status": "FAILED", "reason_slug": "delivery_failed", "message": "no"}',
                                "delivery_failed", "no"),
    "cannot even be read": ("return {", "module_crashed", "SyntaxError"),
}


@pytest.mark.parametrize("what", DELIVERIES)
def test_only_its_own_word_proves_what_a_delivery_did(house, what):
    body, reason, words = DELIVERIES[what]
    contract = house.module("sends", body, kind=Kind.DELIVERY, outputs={"delivery_receipt_json": "receipt.json"})
    record = house.run(house.step(contract, bought=True))
    assert (record.status, record.reason) == (Status.FAILED, reason)
    assert record.message.startswith(words)


def test_a_doubt_stays_when_the_next_attempt_does_not_get_as_far(house):
    """The first attempt died while it sent; the second cannot even start. Nobody knows whether it was delivered."""
    contract = house.module("sends", '''
        Path(__file__).write_text("no_such_name")
        os._exit(1)
    ''', kind=Kind.DELIVERY)
    record = house.run(house.step(contract, retries=1))
    assert (record.reason, record.attempts) == ("unverified", 2)
    assert record.message.startswith("module_crashed: NameError")


def test_a_deliverys_receipt_is_its_evidence(house):
    contract = house.module("sends", '''
        (out / "receipt.json").write_text('{"provider": "folder", "bytes": 3}')
        return {"status": "COMPLETED"}
    ''', kind=Kind.DELIVERY, outputs={"delivery_receipt_json": "receipt.json"})
    record = house.run(house.step(contract, bought=True))
    assert record.completed and record.evidence == {"provider": "folder", "bytes": 3}


def test_a_delivery_may_write_into_its_tenants_part_of_the_profiles_folders(both):
    both.profile = replace(both.profile, delivery={"folder": {"root_dir": "out/box", "note": "x"}})
    contract = both.module("sends", '''
        settings = params["_platform"]["delivery"]["folder"]
        Path(settings["root_dir"], params["_platform"]["tenant_id"], "sent.txt").write_text(settings["note"])
        return {"status": "COMPLETED"}
    ''', kind=Kind.DELIVERY)
    step = both.step(contract)
    assert both.run(step).completed
    assert (both.root / "out" / "box" / step.id.tenant_id / "sent.txt").read_text() == "x"


def test_in_bubblewrap_a_delivery_does_not_see_another_tenants_part(boxed):
    boxed.profile = replace(boxed.profile, delivery={"folder": {"root_dir": "out/box"}})
    other = boxed.root / "out" / "box" / "others" / "secret.txt"
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    contract = boxed.module("peeks", '''
        box = Path(params["_platform"]["delivery"]["folder"]["root_dir"])
        return {"status": "FAILED", "reason_slug": "seen", "message": " ".join(sorted(p.name for p in box.iterdir()))}
    ''', kind=Kind.DELIVERY)
    step = boxed.step(contract)
    assert boxed.run(step).message == step.id.tenant_id


DOUBTS = '''
    doubt = str(params["_platform"]["may_have_delivered"])
    return {"status": "FAILED", "reason_slug": "unverified", "message": doubt}
'''


def test_a_delivery_is_told_when_an_earlier_try_may_have_arrived(house):
    """In the record of an earlier run, in an earlier attempt, and when a run was killed before it had a record."""
    step = house.step(house.module("sends", DOUBTS, kind=Kind.DELIVERY))
    assert [house.run(step).message for _ in range(3)] == ["False", "True", "True"]
    retried = house.step(house.module("sends", DOUBTS, kind=Kind.DELIVERY), "two", retries=1)
    assert house.run(retried).message == "True"
    killed = house.step(house.module("sends", DOUBTS, kind=Kind.DELIVERY), "three")
    house.folder(killed).with_name(".three.new").mkdir()
    assert house.run(killed).message == "True"


@pytest.mark.parametrize(("text", "selector", "told"), [
    ("", Selector.TEXT, "`topic`"), ("5", Selector.JSON, "`topic`"), ("x" * 300, Selector.TEXT, "`topic`")])
def test_what_a_file_holds_is_held_against_the_port(house, text, selector, told):
    contract = house.module("takes", 'return {"status": "COMPLETED"}')
    port = InputPort("topic", "string", schema={"minLength": 1, "maxLength": 200})
    contract = replace(contract, inputs={"topic": port})
    asset = house.root / "topic.txt"
    asset.write_text(text)
    house.assets = {("nxlkGI", "topic.txt"): asset}
    record = house.run(house.step(contract, params={"topic": Binding(asset="topic.txt", selector=selector)}))
    assert (record.status, record.reason) == (Status.FAILED, "bad_input_format")
    assert told in record.message


def test_a_secret_that_the_platform_keeps_for_itself_is_given_to_no_module(house):
    house.env = {"OUR_KEY": "signs everything"}
    house.profile = replace(house.profile, signing={"key_env": "OUR_KEY"})
    for asked in (Secret("OUR_KEY"), Secret("OUR_KEY", required=False)):
        record = house.run(house.step(house.module("takes", "print(os.environ)", secrets=(asked,))))
        assert (record.reason, record.attempts) == ("secrets_missing", 0)
        assert record.message == "the profile does not give OUR_KEY to takes"
