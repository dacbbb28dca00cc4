"""A value that can be read and not written again, from whatever file, by whatever selector, is its step's failure."""

import json

import pytest

# What a file has, and which selectors refuse it.
JSON = ("json", "jsonl", "jsonl_first")
ALL = (*JSON, "text", "lines")
BROKEN = {
    "a number beyond all": (b'{"a": 1e999}', JSON),
    "minus infinity": (b'{"a": -1e999}', JSON),
    "NaN": (b'{"a": NaN}', JSON),
    "Infinity": (b'{"a": Infinity}', JSON),
    "half a character": (b'{"a": "\\ud800"}', JSON),
    "half a character in a name": (b'{"\\udfff": 1, "a": 2}', JSON),
    "5,000 digits": (b'{"a": ' + b"9" * 5000 + b"}", JSON),
    "4,200 digits": (b'{"a": ' + b"9" * 4200 + b"}", JSON),
    "a whole number of 70 bits": (b'{"a": 1180591620717411303424}', JSON),
    "one name twice": (b'{"a": 1, "a": 2}', JSON),
    "10,000 levels": (b'{"a": ' + b"[" * 10000 + b"]" * 10000 + b"}", JSON),
    "900 levels": (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", JSON),
    "70 levels": (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", JSON),
    "70 levels of objects": (b'{"a":' * 70 + b"1" + b"}" * 70, JSON),
    "an exponent of 5,000 digits": (b'{"a": 1e' + b"9" * 5000 + b"}", JSON),
    "no JSON": (b'{"a": ', JSON),
    "nothing": (b"", ("json", "jsonl_first")),
    "bytes that are no text": (b'{"a": "\xff"}', ALL),
    "half a character in UTF-8": (b'{"a": "\xed\xa0\x80"}', ALL),
}
WHOLE = {
    "minus zero": b'{"a": -0.0}',
    "a small number": b'{"a": 1e-999}',
    "NUL": b'{"a": "\\u0000"}',
    "60 bits": b'{"a": 1e15}',
    "2^63 - 1": b'{"a": 9223372036854775807}',
    "a pair of halves": b'{"a": "\\ud83d\\ude00"}',
    "60 levels": b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}",
}
SELECT = {
    "json": "selector: json",
    "jsonl": "selector: jsonl, take: 5",
    "jsonl_first": "selector: jsonl_first",
    "text": "selector: text",
    "lines": "selector: lines, take: 5",
}
TYPE = {
    "json": "object",
    "jsonl": "array",
    "jsonl_first": "object",
    "text": "string",
    "lines": "array",
}


def order_of(bench, files, source):
    """An order with a step for each file and selector, which binds it from an asset or from a step upstream, and one
    step that only works; its steps with what each is of."""
    steps, known = [], {}
    for selector, takes in TYPE.items():
        bench.module('assert "value" in params', takes=takes, module_id=f"takes_{selector}")
    assets = bench.root / "tenants" / "tenant" / "assets"
    assets.mkdir(exist_ok=True)
    for number, (what, data) in enumerate(files.items()):
        (assets / f"f{number}.json").write_bytes(data)
        if source == "upstream":
            bench.module(f"(out / 'text.json').write_bytes({data!r})", module_id=f"makes_{number}")
            steps.append(f"{{step_id: up{number}, module_id: makes_{number}, kind: transform}}")
        for selector in SELECT:
            origin = (
                f"asset: f{number}.json"
                if source == "asset"
                else f"from_step: up{number}, output_id: text"
            )
            name = f"s{number}{selector}"
            known[name] = (what, selector)
            steps.append(
                f"{{step_id: {name}, module_id: takes_{selector}, kind: transform, "
                f"inputs: {{value: {{{origin}, {SELECT[selector]}}}}}}}"
            )
    bench.order(*steps)
    bench.order(
        "{step_id: one, module_id: say, kind: transform, inputs: {text: tea}}", name="other"
    )
    with (bench.root / "config" / "payments.csv").open("a") as payments:
        payments.write("pay-2,tenant,bank-wire,5000,wire-2,CONFIRMED,2026-01-02T00:00:00Z,\n")
    return known, len(files) if source == "upstream" else 0


@pytest.mark.slow
@pytest.mark.parametrize("source", ["asset", "upstream"])
def test_a_value_that_cannot_be_written_again_fails_its_step_alone(bench, source):
    files = {what: data for what, (data, _) in BROKEN.items()} | WHOLE
    known, upstream = order_of(bench, files, source)
    expected = {
        name: "FAILED bad_input_format"
        if selector in BROKEN.get(what, ("", ()))[1]
        else "COMPLETED"
        for name, (what, selector) in known.items()
    }
    done_steps = list(expected.values()).count("COMPLETED") + upstream + 1
    for _ in range(2):
        done = bench.run()
        told = done.stdout + done.stderr
        assert done.returncode == 1, told
        seen = {name: bench.ended(name) for name in known}
        assert {known[name]: seen[name] for name in known} == {
            known[name]: expected[name] for name in known
        }
        assert (bench.status(), bench.status("other")) == ("PARTIAL", "COMPLETED")
        assert bench.balance == 5100 - 5 * done_steps
    bench.audited()


RECEIPTS = {
    "a number beyond all": b'{"bytes": 1e999}',
    "NaN": b'{"bytes": NaN}',
    "half a character": b'{"note": "\\ud800"}',
    "a number of 70 bits": b'{"bytes": 1180591620717411303424}',
    "100 levels": b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}",
    "50 levels": b'{"a": ' + b"[" * 50 + b"]" * 50 + b"}",
    "no object": b"[]",
    "no JSON": b"{",
    "no text": b"\xff",
    "too much": b'{"note": "' + b"x" * 70_000 + b'"}',
}


@pytest.mark.slow
def test_a_receipt_that_cannot_be_kept_is_no_proof(bench):
    """The delivery said that it delivered: its charge stays, and nobody is told that it arrived."""
    for number, data in enumerate(RECEIPTS.values()):
        bench.module(
            f"(out / 'delivery_receipt.json').write_bytes({data!r})",
            kind="delivery",
            module_id=f"sends_{number}",
        )
    bench.module(
        '(out / \'delivery_receipt.json\').write_text(\'{"sha256": "a,b\\\\n", "note": "\\\\u0000"}\')',
        kind="delivery",
        module_id="sends",
    )
    bench.order(
        *(
            f"{{step_id: s{number}, module_id: sends_{number}, kind: delivery}}"
            for number in range(len(RECEIPTS))
        ),
        "{step_id: sent, module_id: sends, kind: delivery}",
    )
    done = bench.run()
    assert {
        what: bench.ended(f"s{number}") for number, what in enumerate(RECEIPTS)
    } == dict.fromkeys(RECEIPTS, "FAILED unverified"), done.stdout
    assert (bench.ended("sent"), done.returncode, bench.balance) == (
        "COMPLETED",
        1,
        100 - 5 * (len(RECEIPTS) + 1),
    )
    bench.audited()


ANSWERS = {
    "a number that is none": ("raised", "x", "text"),
    "5,000 digits": ("raised", "9" * 5000, "text"),
    "a status that is none": ("returned", "\ud800", "", ""),
    "more than there is": ("returned", "COMPLETED", "", "", "", ""),
    "a reason that is none": ("returned", "FAILED", "a\nb", "m"),
    "a message of control characters": ("returned", "FAILED", "", "\x1b[2J\r\n::error::x"),
}


def test_an_answer_that_a_module_forged_is_its_own_failure(bench):
    for number, fields in enumerate(ANSWERS.values()):
        data = b"".join(
            field.encode("utf-8", "surrogatepass") + b"\0" for field in ("load", "run", *fields)
        )
        bench.module(
            f"""
            for handle in range(3, 30):
                try:
                    if "answer" in os.readlink(f"/proc/self/fd/{{handle}}"):
                        os.ftruncate(handle, 0)
                        os.pwrite(handle, {data!r}, 0)
                except OSError:
                    continue
            os._exit(0)
        """,
            module_id=f"forges_{number}",
        )
    bench.order(
        *(
            f"{{step_id: s{number}, module_id: forges_{number}, kind: transform}}"
            for number in range(len(ANSWERS))
        )
    )
    done = bench.run()
    assert (done.returncode, bench.balance, bench.status()) == (1, 100, "FAILED"), done.stdout
    assert all(bench.record(f"s{number}")["status"] == "FAILED" for number in range(len(ANSWERS)))
    bench.audited()


HOSTILE = [
    "",
    "{",
    "[]",
    "null",
    "5",
    '{"a": 1e999}',
    "[" * 5000,
    '{"status": "COMPLETED"}',
    '"\\ud800"',
    "\x00",
    "9" * 5000,
]
FILES = [
    "runtime/tenant/order/order.json",
    "runtime/tenant/order/one/run.json",
    "runtime/digests.json",
    "runtime/valid.json",
    "runtime/.lock",
]


@pytest.mark.slow
def test_a_hostile_record_is_a_record_that_is_not_there(bench):
    """Whatever is in what a run reads of the runs before it, the order ends as if nothing was, at no other price."""
    bench.order("{step_id: one, module_id: say, kind: transform, inputs: {text: tea}}")
    assert bench.run().returncode == 0
    record, order = (bench.root / name for name in FILES[:2][::-1])
    good = json.loads(record.read_bytes()), json.loads(order.read_bytes())
    texts = [
        *HOSTILE,
        *(
            json.dumps({**good[0], **change})
            for change in (
                {"evidence": {"a": float("inf")}},
                {"reason": "a\nb"},
                {"refund_epoch": -1},
                {"duration_s": float("nan")},
                {"message": "\ud800"},
            )
        ),
        *(
            json.dumps({**good[1], **change})
            for change in (
                {"status": 5},
                {"task_hashes": []},
                {"completed": "x"},
                {"task_hashes": {"one": None}},
            )
        ),
    ]
    for text in texts:
        for name in FILES:
            (bench.root / name).write_text(text, encoding="utf-8", errors="surrogatepass")
        done = bench.run()
        assert (done.returncode, bench.balance, bench.status()) == (0, 95, "COMPLETED"), (
            text,
            done.stdout,
            done.stderr,
        )
    bench.audited()
