"""A module cannot keep a charge with a word that is the platform's, nor with one that the operator gave to another."""

import pytest

from platform.model.reasons import Reason, Reasons

OPERATORS = """
  - {slug: no_result, scope: evil_own, category: external, refundable: false, description: It had nothing.}
"""


@pytest.mark.slow
def test_what_keeps_a_charge_is_not_for_a_module_to_say(bench):
    reasons = bench.root / "config" / "reasons.yml"
    reserved = [
        line.split("slug: ")[1].split(",")[0]
        for line in reasons.read_text().splitlines()
        if "slug: " in line and "refundable: false" in line
    ] + ["internal_error", "superseded", "skipped_upstream"]
    assert {"secrets_missing", "not_enough_credits", "unverified", "delivery_missing"} <= set(
        reserved
    )
    with (bench.root / "config" / "payments.csv").open("a") as payments:
        payments.write("pay-2,tenant,bank-wire,1000,wire-2,CONFIRMED,2026-01-02T00:00:00Z,\n")
    reasons.write_text(reasons.read_text().rstrip("\n") + OPERATORS)
    words = [*reserved, "no_result", "own_word", "timed_out"]
    for number, slug in enumerate(words):
        bench.module(
            f"return {{'status': 'FAILED', 'reason_slug': {slug!r}, 'message': 'm'}}",
            module_id=f"evil_{number}",
        )
    bench.module(
        "return {'status': 'FAILED', 'reason_slug': 'no_result', 'message': 'm'}",
        module_id="evil_own",
    )
    bench.order(
        *(
            f"{{step_id: s{number}, module_id: evil_{number}, kind: transform}}"
            for number in range(len(words))
        ),
        "{step_id: own, module_id: evil_own, kind: transform}",
    )
    for _ in range(2):
        done = bench.run()
        seen = {
            slug: (bench.record(f"s{number}")["reason"], bench.record(f"s{number}")["message"])
            for number, slug in enumerate(words)
        }
        assert seen == {
            slug: ("module_failed", f"{slug}: m") for slug in [*reserved, "no_result"]
        } | {"own_word": ("own_word", "m"), "timed_out": ("timed_out", "m")}, done.stdout
        assert (bench.ended("own"), done.returncode, bench.balance) == ("FAILED no_result", 1, 1095)
    bench.audited()


@pytest.mark.parametrize(
    ("slug", "module_id", "delivery", "reserved"),
    [
        ("unverified", "m", True, False),
        ("unverified", "m", False, True),
        ("secrets_missing", "m", True, True),
        ("secrets_missing", "", True, True),
        ("kept", "m", False, False),
        ("kept", "n", False, True),
        ("everyones", "global", False, True),
        ("nobody_listed_it", "m", False, False),
        ("", "m", False, False),
    ],
)
def test_who_may_say_what(slug, module_id, delivery, reserved):
    reasons = Reasons(
        {
            "kept": Reason("kept", "m", "test", False),
            "everyones": Reason("everyones", "global", "t", False),
        }
    )
    assert reasons.reserved(slug, module_id, delivery=delivery) is reserved
