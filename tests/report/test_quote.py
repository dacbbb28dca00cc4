"""`quote` as people use it: it looks and makes nothing, it is the bill, and a run can be held to it."""
import json
from pathlib import Path

import pytest

from tests.support import CASES, command, repository, rows

QUOTE = "python -m platform.cli quote"
ORCHESTRATOR = "python -m platform.cli orchestrator --quote kept.json"
TEA = "tenants/tenant/workorders/tea.yml"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One order of two steps: 5 + 2 and 5 credits, and a payment of 100 that no run has posted yet."""
    return repository(tmp_path / "repo", CASES / "first_run_and_second" / "repo")


def asked(repo: Path, words: str = "", status: int = 0) -> dict:
    done = command(repo, f"{QUOTE} --json {words}")
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def files(repo: Path) -> dict[str, bytes]:
    return {str(path.relative_to(repo)): path.read_bytes() for path in repo.rglob("*") if path.is_file()}


def edit(repo: Path, path: str, old: str, new: str) -> None:
    text = (repo / path).read_text()
    assert old in text
    (repo / path).write_text(text.replace(old, new))


def spent(repo: Path) -> int:
    return -sum(int(row["amount_credits"]) for row in rows(repo / ".billing-state" / "transactions.csv")
                if row["type"] == "SPEND")


def test_on_a_fresh_clone_the_quote_is_the_bill_and_makes_nothing(repo):
    before = files(repo)
    answer = asked(repo)
    assert files(repo) == before
    assert (answer["total_credits"], answer["balance_before"], answer["balance_after"]) == (12, 100, 88)
    assert answer["payments_credits"] == 100
    assert [[step["step_id"], step["action"], step["reason"], step["credits"]] for step in answer["orders"][0]["steps"]
            ] == [["one", "run", "it has not run yet", 7], ["two", "run", "it has not run yet", 5]]
    assert [[item["deliverable_id"], item["credits"]] for item in answer["orders"][0]["steps"][0]["charges"]] == [
        ["__run__", 5], ["said", 2]]
    assert command(repo, "doit run").returncode == 0
    assert spent(repo) == 12
    assert [row["credits_available"] for row in rows(repo / ".billing-state" / "tenants_credits.csv")] == ["88"]


def test_after_the_run_everything_is_cached_and_free(repo):
    command(repo, "doit run")
    before = files(repo)
    answer = asked(repo, "tenant/tea")
    assert files(repo) == before
    assert (answer["total_credits"], answer["balance_before"], answer["balance_after"]) == (0, 88, 88)
    assert [[step["action"], step["reason"], step["charges"][0]["paid_credits"]]
            for step in answer["orders"][0]["steps"]] == [["cached", "up to date", 5]] * 2


def test_a_free_rerun_is_told_apart_from_a_paid_one(repo):
    command(repo, "doit run")
    (repo / "runtime/tenant/tea/one/outputs/said.txt").write_text("coffee\n")
    steps = asked(repo)["orders"][0]["steps"]
    assert [[step["action"], step["reason"], step["credits"]] for step in steps] == [
        ["run", "its output said.txt was changed", 0],
        ["cached", "up to date, unless the outputs of one change", 0]]


def test_text_says_what_the_numbers_say(repo):
    said = command(repo, QUOTE).stdout
    assert "charge     tenant/tea  12 credits" in said
    assert "run      one  say     7  it has not run yet (__run__ 5, said 2)" in said
    assert ("balance    tenant  100 before (100 from confirmed payments that the run posts first), 12 charged, 88 after"
            in said)
    assert "An order is bought whole" in said


@pytest.mark.slow
def test_too_few_credits_and_a_suspended_tenant_are_refused_in_the_quote_too(repo):
    edit(repo, "config/payments.csv", ",100,", ",11,")
    answer = asked(repo)
    assert (answer["total_credits"], answer["balance_before"], answer["balance_after"]) == (0, 11, 11)
    order = answer["orders"][0]
    assert (order["refusal"], order["needed_credits"]) == ("not_enough_credits", 12)
    assert [[step["action"], step["reason"], step["credits"]] for step in order["steps"]] == [
        ["refused", "not_enough_credits", 0]] * 2
    assert [step["needed_credits"] for step in order["steps"]] == [7, 5]
    said = command(repo, QUOTE).stdout
    assert "refused    tenant/tea  12 credits  not_enough_credits: nothing runs" in said
    assert "12 credits needed, 11 available, 1 missing; top up with: python -m platform.cli admin-topup" in said
    assert "refused  one  say     7  not_enough_credits (__run__ 5, said 2)" in said
    (repo / "tenants/tenant/tenant.yml").write_text("tenant_id: tenant\ntenant_name: A tenant\nstatus: suspended\n")
    assert asked(repo)["orders"][0]["refusal"] == "tenant_suspended"


def test_an_invalid_order_has_no_price_and_the_others_do(repo):
    (repo / "tenants/tenant/workorders/broken.yml").write_text("work_order_id: broken\nsteps: 5\n")
    answer = asked(repo, status=10)
    assert [[order["work_order_id"], order["refusal"], order["total_credits"]] for order in answer["orders"]] == [
        ["tea", "", 12], ["broken", "workorder_invalid", 0]]
    assert answer["orders"][1]["problems"][0].startswith("tenants/tenant/workorders/broken.yml:2:8: error[wrong-type]")


@pytest.mark.parametrize(("words", "said"), [
    ("tenent", "did you mean `tenant`?"), ("tenant/tee", "did you mean `tea`?"), ("--work-order-id tea", "--tenant-id"),
    ("tenant/tea --tenant-id nobody", "name different things; give one of them"), ("tenant/draft", "set enabled: "
                                                                                  "true")])
def test_a_name_that_is_none_is_told_with_the_one_that_was_meant(repo, words, said):
    (repo / "tenants/tenant/workorders/draft.yml").write_text("work_order_id: draft\nenabled: false\nsteps: []\n")
    done = command(repo, f"{QUOTE} {words}")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_run_that_is_held_to_its_quote_goes_on_when_nothing_moved(repo):
    asked(repo, "tenant/tea --save kept.json")
    assert command(repo, "python -m platform.cli orchestrator --quote kept.json").returncode == 0
    assert spent(repo) == 12


@pytest.mark.parametrize(("path", "old", "new", "said"), [
    (TEA, "text: tea", "text: coffee", ["graph: step tenant/tea/one was ", "graph: step tenant/tea/two was "]),
    ("config/module_prices.csv", "say,said,2", "say,said,3", ["prices: tenant/tea/one/said was 2 credits, now 3",
                                                              "charges: tenant/tea was 12 credits, now 13 credits",
                                                              "total: 12 credits quoted, now 13"]),
    ("config/payments.csv", ",100,", ",99,", ["balances: tenant had 100 credits, now 99 credits"]),
    ("tenants/tenant/tenant.yml", "A tenant", "A tenant\nstatus: suspended", [
        "charges: tenant/tea was 12 credits, now tenant_suspended", "total: 12 credits quoted, now 0"]),
])
@pytest.mark.parametrize("line", [ORCHESTRATOR, "doit run quote=kept.json"])
def test_a_run_is_refused_with_what_moved_and_posts_nothing(repo, path, old, new, said, line):
    asked(repo, "--save kept.json")
    edit(repo, path, old, new)
    done = command(repo, line)
    assert done.returncode == 11, done.stdout + done.stderr
    assert [words for words in said if words not in done.stderr] == []
    assert len(done.stderr.splitlines()) == 1 + len(said)
    assert not (repo / ".billing-state").exists()


def test_a_step_more_is_named_once(repo):
    asked(repo, "--save kept.json")
    edit(repo, TEA, "steps:\n", "steps:\n  - {step_id: more, module_id: say, kind: transform, inputs: {text: x}}\n")
    told = command(repo, ORCHESTRATOR).stderr.splitlines()
    assert told[1:] == ["  graph: step tenant/tea/more is new",
                        "  charges: tenant/tea was 12 credits, now 17 credits",
                        "  total: 12 credits quoted, now 17"]


@pytest.mark.slow
def test_a_quote_of_one_order_does_not_let_another_one_in(repo):
    (repo / "tenants/tenant/workorders/milk.yml").write_text((repo / TEA).read_text().replace("tea", "milk"))
    asked(repo, "tenant/tea --save kept.json")
    done = command(repo, "doit run quote=kept.json")
    assert done.returncode == 11
    assert "charges: tenant/milk was not in the quote, now 12 credits" in done.stderr
    assert command(repo, ORCHESTRATOR).returncode == 0  # it runs what was quoted, and nothing else
    assert spent(repo) == 12


@pytest.mark.parametrize(("text", "status", "said"), [
    (None, 2, "kept.json: cannot be read"), ("{", 10, "kept.json:1:2: error[not-json]: this is not JSON"),
    ("{}", 10, "error[missing-field]"), ('"total_credits": 12', 10, "error[out-of-range]"),
    ('"tenant": 100', 10, "balances does not match its digest"), ('"total_credits": 12,', 11, "11 credits quoted"),
    ("[" * 200000, 10, "error[not-json]: lists and maps are nested")])
@pytest.mark.parametrize("line", [ORCHESTRATOR, "doit run quote=kept.json"])
def test_a_quote_that_is_none_or_was_edited_is_refused(repo, text, status, said, line):
    if text is not None:
        asked(repo, "--save kept.json")
        kept = (repo / "kept.json").read_text()
        changed = {'"total_credits": 12': '"total_credits": -1', '"total_credits": 12,': '"total_credits": 11,',
                   '"tenant": 100': '"tenant": 1'}
        assert text not in changed or text in kept
        (repo / "kept.json").write_text(kept.replace(text, changed[text]) if text in changed else text)
    done = command(repo, line)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr and not (repo / ".billing-state").exists()


@pytest.mark.slow
def test_a_payment_that_was_edited_after_it_was_posted_changes_nothing_and_is_told(repo):
    command(repo, "doit run")
    edit(repo, "config/payments.csv", ",100,", ",200,")
    answer = asked(repo)
    assert (answer["edited_payments"], answer["balance_before"], answer["payments_credits"]) == (["pay-1"], 88, 0)
    assert command(repo, "doit run").returncode == 11


@pytest.mark.slow
def test_what_was_paid_and_never_done_is_given_back_in_the_quote_as_in_the_run(repo):
    """The order is charged and not run; then it is ordered anew."""
    command(repo, "doit run charge:tenant/tea")
    assert spent(repo) == 12
    edit(repo, TEA, "text: tea", "text: coffee")
    answer = asked(repo)
    assert [answer[name] for name in ("balance_before", "refunded_credits", "total_credits", "balance_after")] == [
        88, 12, 12, 88]
    assert command(repo, "doit run").returncode == 0
    assert [row["type"] + row["amount_credits"] for row in rows(repo / ".billing-state" / "transactions.csv")] == [
        "TOPUP100", "SPEND-12", "REFUND12", "SPEND-12"]
