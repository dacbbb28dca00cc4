"""The log keeps what a step printed, and no secret: however it is cut into pieces, also in messages and receipts."""
import io
from dataclasses import replace

import pytest

from platform.model.contract import Secret
from platform.model.order import Kind
from platform.model.run import Status
from platform.redact import Redactor
from platform.run.log import HALF_BYTES, Log


def logged(text: bytes, *secrets: str, piece: int = 1 << 16) -> bytes:
    file = io.BytesIO()
    log = Log(file, Redactor(secrets))
    for start in range(0, len(text), piece):
        log.write(text[start:start + piece])
    log.close()
    return file.getvalue()


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 100])
def test_a_secret_is_found_however_it_is_cut(piece):
    text = b"key=hunter2; again hunter2hunter2 and hunter; url=a%20b%2Fc+d"
    assert logged(text, "hunter2", "a b/c", piece=piece) == (
        b"key=[secret]; again [secret][secret] and hunter; url=[secret]+d")


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 100])
def test_of_secrets_that_overlap_nothing_is_left_over(piece):
    assert logged(b"pass password passwor", "pass", "password", piece=piece) == b"[secret] [secret] [secret]wor"
    assert logged(b"1xpassword2", "xpass", "password", piece=piece) == b"1[secret]2"
    assert logged(b"1aaaaaaaa2", "aaaa", piece=piece) == b"1[secret]2"


def test_without_secrets_nothing_changes():
    assert logged(b"tea \xff\x00 ice", "", piece=3) == b"tea \xff\x00 ice"


def test_a_long_log_keeps_its_beginning_and_its_end():
    text = b"a" * HALF_BYTES + b"b" * 1000 + b"c" * HALF_BYTES
    kept = logged(text)
    assert kept == b"a" * HALF_BYTES + b"\n[1000 bytes are left out here]\n" + b"c" * HALF_BYTES
    assert logged(text[:2 * HALF_BYTES]) == text[:2 * HALF_BYTES]


@pytest.mark.parametrize("allowed", [False, True])
def test_no_secret_reaches_log_message_or_evidence(both, allowed):
    both.env = {"TEA_KEY": "hunter2hunter2"}
    contract = both.module("prints", '''
        key = os.environ["TEA_KEY"]
        os.write(1, key[:5].encode())
        time.sleep(0.05)
        os.write(2, key[5:].encode() + b"\\n")
        (out / "receipt.json").write_text('{"note": "' + key + '"}')
        return {"status": "COMPLETED", "message": "sent with " + key}
    ''', kind=Kind.DELIVERY, outputs={"delivery_receipt_json": "receipt.json"}, secrets=(Secret("TEA_KEY"),))
    port = replace(contract.outputs["delivery_receipt_json"], may_contain_secrets=allowed)
    step = both.step(replace(contract, outputs={port.id: port}))
    record = both.run(step)
    if allowed:
        assert (record.message, record.evidence) == ("sent with [secret]", {"note": "[secret]"})
    else:  # it was sent all the same, so its charge stays
        assert (record.status, record.reason, record.evidence) == (Status.FAILED, "unverified", {})
        assert record.message.startswith("secret_in_output: the output delivery_receipt_json contains the secret TEA_")
        assert not list((both.folder(step) / "outputs").iterdir())
    assert both.log(step) == "[secret]\n"
    assert "hunter2" not in (both.folder(step) / "run.json").read_text()


@pytest.mark.slow
def test_a_module_may_print_without_end_until_its_time_is_over(house):
    step = house.step(house.module("prints", 'while True: print("tea" * 9999)'), timeout_s=2)
    assert house.run(step).reason == "timed_out"
    log = house.log(step)
    assert "bytes are left out here" in log and len(log) < 2 * HALF_BYTES + 100


def test_what_was_printed_before_a_time_out_is_there_and_in_order(house):
    step = house.step(house.module("waits", '''
        for word in ("one", "two"):
            print(word)
            print(word, file=sys.stderr)
        time.sleep(600)
    '''), timeout_s=1)
    assert house.run(step).reason == "timed_out" and house.log(step) == "one\none\ntwo\ntwo\n"
