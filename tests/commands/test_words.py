"""Numbers in what people see: of one thing it speaks as of one."""
import re
from pathlib import Path

import pytest

from platform.model.words import counted
from tests.support import command, repository

LOOKS = ("ledger verify", "ledger audit", "ledger fsck --rebuild", "integrity-validate", "consistency-validate",
         "statement --tenant-id tenant", "quote", "status", "ledger export")
WRONG = re.compile(r"\b1 (?!is\b|as\b|was\b|has\b|this\b)[a-z]+s\b")


@pytest.mark.parametrize(("count", "words"), [(0, "0 posts"), (1, "1 post"), (-1, "-1 post"), (21, "21 posts")])
def test_one_is_one_and_all_others_are_many(count: int, words: str) -> None:
    assert counted(count, "post") == words


def test_a_word_may_have_a_plural_of_its_own_and_a_number_its_sign() -> None:
    assert (counted(2, "entry", "entries"), counted(1, "entry", "entries")) == ("2 entries", "1 entry")
    assert (counted(1, "credit", signed=True), counted(-2, "credit", signed=True)) == ("+1 credit", "-2 credits")


@pytest.mark.slow
def test_where_there_is_one_of_each_no_command_speaks_of_many(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / "config" / "payments.csv").write_text(
        "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note\n")
    order = "work_order_id: {}\nsteps:\n- {{step_id: one, module_id: say, kind: transform, inputs: {{text: {}}}}}\n"
    (repo / "tenants" / "tenant" / "workorders").mkdir(exist_ok=True)
    (repo / "tenants" / "tenant" / "workorders" / "tea.yml").write_text(order.format("tea", "tea"))
    told = [command(repo, "python -m platform.cli admin-topup --tenant-id tenant --amount-credits 1 "
                          "--topup-method-id bank-wire --reference one")]
    told += [command(repo, f"python -m platform.cli {words}") for words in LOOKS]
    assert "TOPUP 1 credit for tenant" in told[0].stdout, told[0].stderr
    assert "1 post sound, 1 tenant, head" in told[1].stdout
    assert "1 item, +1 credit: top-up by hand" in told[2].stdout
    assert [found.group() for done in told for found in WRONG.finditer(done.stdout + done.stderr)] == []
