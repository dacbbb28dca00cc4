"""e2e_assert_idempotency.py: passes however often an order was run, fails where something is doubled or missing."""
import pytest

from tests.support import command

ASSERT = ("python scripts/e2e_assert_idempotency.py --billing-state-dir .billing-state --tenant-id tenant "
          "--work-order-id tea")
ORDER = "tenants/tenant/workorders/tea.yml"


def idempotency(repo, words=""):
    done = command(repo, f"{ASSERT} {words}")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.splitlines()


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_run_twice_and_published_twice_is_charged_once(repo):
    for line in ("doit run", *["python scripts/publish_artifacts_release.py --no-publish"] * 2):
        command(repo, line)
    assert idempotency(repo) == (0, ["ok  tenant/tea: 1 charge, 6 items, 14 credits net, 14 by the plan"])


@pytest.mark.parametrize("name", ["transaction_items.csv", "transactions.csv", "journal.csv"])
def test_a_doubled_line_is_told(repo, name):
    file = repo / ".billing-state" / name
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines, lines[2]]))
    status, told = idempotency(repo)
    assert status == 1
    assert any(name in line for line in told)


def test_a_doubled_item_is_named_by_the_rows_alone(repo):
    file = repo / ".billing-state" / "transaction_items.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines, lines[1]]))
    assert any(line.startswith("SPEND of") and line.endswith("stands 2 times") for line in idempotency(repo)[1])


def test_doubled_evidence_is_told(repo):
    command(repo, "python scripts/publish_artifacts_release.py --no-publish")
    file = repo / ".billing-state" / "published_artifacts.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines, lines[1]]))
    assert any(line.startswith("publication of") for line in idempotency(repo)[1])


def test_an_edited_amount_is_told(repo):
    edit(repo / ".billing-state" / "transactions.csv", ",-14,", ",-1,")
    assert idempotency(repo)[0] == 1


def test_rows_that_are_none_are_told(repo):
    (repo / ".billing-state" / "transaction_items.csv").write_text("transaction_item_id\nx\n")
    assert "a file's rows cannot be read" in idempotency(repo)[1][0]


def test_where_nothing_was_charged_it_fails(repo):
    edit(repo / ORDER, "work_order_id: tea", "work_order_id: cup")
    (repo / ORDER).rename(repo / "tenants/tenant/workorders/cup.yml")
    done = command(repo, ASSERT.replace(" tea", " cup"))
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "tenant/cup: nothing was charged")


def test_without_a_billing_state_it_fails(repo):
    assert idempotency(repo, "--billing-state-dir nowhere") == (1, [
        "nowhere: no billing state; nothing was charged",
        "FAILED  tenant/tea: 0 charges, 0 items, 0 credits net, 14 by the plan"])


@pytest.mark.slow
def test_another_version_is_a_doubled_charge_unless_it_was_meant(repo):
    edit(repo / ORDER, "text: milk", "text: cream")
    command(repo, "doit run")
    status, told = idempotency(repo)
    assert (status, "of other task hashes" in told[0]) == (1, True)
    assert idempotency(repo, "--allow-earlier-versions")[0] == 0


@pytest.mark.slow
def test_a_second_charge_without_a_refund_is_told_unless_steps_were_added(repo):
    edit(repo / ORDER, "steps:\n", "steps:\n  - {step_id: more, module_id: say, kind: transform, inputs: {text: x}}\n")
    command(repo, "doit run")
    status, told = idempotency(repo)
    assert (status, told[0].startswith("tenant/tea: 2 charges and no refund")) == (1, True)
    assert idempotency(repo, "--allow-earlier-versions")[0] == 0


def test_a_step_that_was_never_charged_is_told(repo):
    edit(repo / ORDER, "text: milk", "text: cream")
    status, told = idempotency(repo, "--allow-earlier-versions")
    assert (status, "never charged" in told[0]) == (1, True)


def test_a_price_that_is_not_the_one_paid_is_told(repo):
    edit(repo / "config/module_prices.csv", "say,said,2", "say,said,3")
    assert "14 credits net for what the plan prices at 15" in idempotency(repo)[1][0]


@pytest.mark.slow
def test_a_refund_and_its_retry_are_no_doubled_charge(repo):
    edit(repo / ORDER, "text: milk", "fail: external_api_error, text: milk")
    command(repo, "doit run")
    assert idempotency(repo, "--allow-earlier-versions")[0] == 0
    edit(repo / "modules/say/src/run.py", 'if params["fail"]:', 'if params["fail"] == "never":')
    command(repo, "doit run")
    assert idempotency(repo, "--allow-earlier-versions")[0] == 0
