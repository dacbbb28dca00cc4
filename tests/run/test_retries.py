"""What may go better the next time is tried again, with growing waits; what is wrong stays wrong."""
import pytest

from platform.model.run import Status
from platform.run.step import wait_s

COUNT = '''
tries = Path({counter!r})
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
number = len(tries.read_text())
'''


def test_the_third_attempt_may_be_the_good_one(house, tmp_path):
    step = house.step(house.module("flaky", COUNT.format(counter=str(tmp_path / "n")) + '''
assert not list(out.iterdir()) and not os.listdir()
(out / "text.txt").write_text(str(number))
Path("scratch.txt").write_text("x")
print("attempt", number)
if number < 3:
    raise ConnectionError("reset")
return {"status": "COMPLETED"}
'''), retries=5, bought=True)
    record = house.run(step)
    assert (record.status, record.attempts, record.reason, record.message) == (Status.COMPLETED, 3, "", "")
    assert house.waited == [1.0, 2.0]
    assert (house.folder(step) / "outputs" / "text.txt").read_text() == "3"
    log = house.log(step)
    assert "attempt 1\n" in log and "[attempt 2, 1 s after: module_crashed]" in log and "attempt 3\n" in log


TRIED_AGAIN = ["external_api_error", "delivery_failed", "output_write_failed", "timed_out"]
NOT_TRIED_AGAIN = ["bad_input_format", "missing_required_input", "package_too_large_for_email", "no_tea"]


@pytest.mark.parametrize(("reason", "attempts"), [*((reason, 3) for reason in TRIED_AGAIN),
                                                  *((reason, 1) for reason in NOT_TRIED_AGAIN)])
def test_only_what_may_go_better_is_tried_again(house, reason, attempts):
    body = f'return {{"status": "FAILED", "reason_slug": "{reason}", "message": "no"}}'
    record = house.run(house.step(house.module("fails", body), retries=2))
    assert (record.reason, record.attempts) == (reason, attempts)


def test_waits_double_up_to_half_a_minute():
    assert [wait_s(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_every_attempt_of_a_delivery_has_the_same_key_and_a_refund_brings_a_new_one(house, tmp_path):
    keys = tmp_path / "keys"
    contract = house.module("keys", f'''
        with open({str(keys)!r}, "a") as file:
            file.write(params["_platform"]["delivery_key"] + " " + params["_platform"]["run_id"] + "\\n")
        raise ConnectionError
    ''')
    step = house.step(contract, retries=1)
    first, second = house.run(step, epoch=0), house.run(step, epoch=1)
    lines = keys.read_text().splitlines()
    assert lines[0] == lines[1] and lines[2] == lines[3] and lines[0] != lines[2]
    assert (first.run_id, second.run_id) == (lines[0].split()[1], lines[2].split()[1])
    assert (first.refund_epoch, second.refund_epoch) == (0, 1)
