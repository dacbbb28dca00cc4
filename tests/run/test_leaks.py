"""A step whose outputs contain one of its secrets fails; what a module says is redacted before it is cut."""
import json
from dataclasses import replace

import pytest

from platform.model.contract import Contract, Secret
from platform.model.order import Kind
from platform.model.run import Status

KEY = "hunter2/hunter2+\u00e9"
WRITES = {
    "the key": "(out / 'text.txt').write_text(key)",
    "latin-1": "(out / 'text.txt').write_text(key, encoding='latin-1')",
    "base64": "import base64; (out / 'text.txt').write_bytes(base64.b64encode(b'x' + key.encode()))",
    "far in a large file": "(out / 'text.txt').write_bytes(b'.' * ((3 << 20) - 7) + key.encode() + b'.' * 999)",
    "JSON": "import json; (out / 'text.txt').write_text(json.dumps({'a': key}))",
    "a zip": "import zipfile; zipfile.ZipFile(out / 'text.txt', 'w').writestr('a', key)",
    "in a folder": "(out / 'dir' / 'a').mkdir(parents=True); (out / 'dir/a/b.txt').write_text(key)",
    "a name": "from urllib.parse import quote; (out / 'dir').mkdir(); (out / 'dir' / quote(key, '')).touch()",
    "a folder's name": "import base64; d = out / 'dir' / base64.urlsafe_b64encode(key.encode()).decode(); "
                       "d.mkdir(parents=True); (d / 'a').touch()",
    "an empty folder's name": "(out / 'dir' / key.encode().hex()).mkdir(parents=True)",
    "the names of empty folders, one in the other": "(out / 'dir' / key).mkdir(parents=True)",
    "a folder's name outside every output": "(out / key).mkdir(parents=True)",
}
OUTPUTS = {"text": "text.txt", "dir": "dir/"}


def module(house, body: str, kind: Kind = Kind.TRANSFORM, **ports: str) -> Contract:
    house.env = {"TEA_KEY": KEY}
    return house.module("leaks", f"key = os.environ['TEA_KEY']\n{body}\nreturn {{'status': 'COMPLETED'}}", kind=kind,
                        outputs=ports or OUTPUTS, secrets=(Secret("TEA_KEY"), Secret("ICE_KEY", required=False)))


@pytest.mark.parametrize("case", WRITES)
def test_a_secret_in_an_output_fails_the_step(house, case: str) -> None:
    step = house.step(module(house, WRITES[case]))
    record = house.run(step)
    assert (record.status, record.reason, record.outputs) == (Status.FAILED, "secret_in_output", ())
    assert "contains the secret TEA_KEY" in record.message and "hunter2" not in record.message
    assert not list((house.folder(step) / "outputs").iterdir())


def test_an_output_that_may_contain_a_secret_is_kept_and_another_is_not(house) -> None:
    contract = module(house, WRITES["the key"] + "; " + WRITES["in a folder"])
    text = replace(contract.outputs["text"], may_contain_secrets=True)
    record = house.run(house.step(replace(contract, outputs={**contract.outputs, "text": text})))
    assert record.reason == "secret_in_output" and "the output dir" in record.message
    record = house.run(house.step(replace(contract, outputs={
        name: replace(port, may_contain_secrets=True) for name, port in contract.outputs.items()})))
    assert record.status is Status.COMPLETED and len(record.outputs) == 2


def test_outputs_without_secrets_pass_and_so_does_compressed_content(house) -> None:
    assert house.run(house.step(module(house, "(out / 'text.txt').write_text(key[1:])"))).completed
    zipped = "import gzip; (out / 'text.txt').write_bytes(gzip.compress(key.encode() * 99))"
    assert house.run(house.step(module(house, zipped), "two")).completed


@pytest.mark.parametrize("at", [1985, 1990, 1995, 1999, 2000, 5000])
def test_a_message_is_redacted_before_it_is_cut(house, at: int) -> None:
    """However the end of what is kept, or of what the child sends, falls into the secret."""
    for longer in ("", "." * 9000, "hunter2/hunter2+\u00e9" * 400):
        contract = module(house, f"raise ValueError('.' * {at} + key + {longer!r})")
        message = house.run(house.step(contract)).message
        assert len(message) <= 2000 and "hun" not in message


def test_a_reason_a_status_and_a_result_of_no_form_are_redacted(house) -> None:
    house.env = {"TEA_KEY": "hunter2hunter2"}
    for number, returned in enumerate(("{'status': 'FAILED', 'reason_slug': key}", "{'status': key}", "key", "[key]",
                                       "{'status': 'FAILED', 'message': repr(key.encode())}",
                                       "{'status': 'COMPLETED', 'reason_slug': key, 'message': key.encode().hex()}")):
        contract = house.module("leaks", f"key = os.environ['TEA_KEY']\nreturn {returned}",
                                secrets=(Secret("TEA_KEY"),))
        step = house.step(contract, f"s{number}")
        house.run(step)
        written = (house.folder(step) / "run.json").read_text()
        assert "hunter2" not in written and b"hunter2".hex() not in written


def test_an_undeclared_file_named_like_a_secret_is_not_told(house) -> None:
    record = house.run(house.step(module(house, "from urllib.parse import quote; (out / quote(key, '')).touch()")))
    assert record.reason == "undeclared_output" and "hunter2" not in record.message and "[secret]" in record.message


def test_a_receipt_is_redacted_as_values_and_stays_a_receipt(house) -> None:
    receipt = {"note": KEY, "n": 1.5, "list": [{KEY: KEY.encode().hex()}]}
    contract = module(house, f"(out / 'r.json').write_text({json.dumps(receipt)!r})", Kind.DELIVERY,
                      delivery_receipt_json="r.json")
    ports = {name: replace(port, may_contain_secrets=True) for name, port in contract.outputs.items()}
    record = house.run(house.step(replace(contract, outputs=ports)))
    assert record.evidence == {"note": "[secret]", "n": 1.5, "list": [{"[secret]": "[secret]"}]}
