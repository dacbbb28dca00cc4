"""The shipped tenants, run and audited to the credit; and then what no honest history has in it."""
import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.record import HEADER, encode
from platform.ledger.rules import keys
from platform.ledger.rules.body import body_of
from platform.ledger.rules.credit import topup
from platform.model.digest import canonical_json
from platform.model.entry import Item, Post, PostType
from tests.support import command, rows

ORDER = ("nxlkGI", "UbjkpxZO")


def audited(repo: Path) -> tuple[int, list[tuple[int, str]]]:
    """The exit status, and (credits, why) of what nothing explains."""
    done = command(repo, "python -m platform.cli ledger audit --json")
    assert done.stderr == ""
    return done.returncode, [(row["amount_credits"], row["why"]) for row in json.loads(done.stdout)["unexplained"]]


def rewrite(repo: Path, *added: Post, keep: int | None = None) -> None:
    """The journal with other posts at its end, and only the first `keep` of its own: as valid as any, which whoever has
    its folder can do; every projection is made again."""
    state = repo / ".billing-state"
    lines = (state / JOURNAL).read_bytes().removeprefix(HEADER).splitlines(keepends=True)[:keep]
    prev = lines[-1][-65:-1].decode()
    for post in added:
        line, prev = encode(len(lines) + 1, "2026-11-27T12:00:00Z", post, canonical_json(body_of(post)), prev)
        lines.append(line)
    (state / JOURNAL).write_bytes(HEADER + b"".join(lines))
    for file in state.iterdir():
        if file.name != JOURNAL:
            file.unlink()
    done = command(repo, "python -m platform.cli ledger fsck --rebuild")
    assert done.returncode == 0, done.stderr
    expected = 14 if keep else 0  # fewer posts than this machine has acknowledged
    assert command(repo, "python -m platform.cli ledger verify").returncode == expected


def item(repo: Path, deliverable_id: str, type_: PostType, note: str = "") -> Item:
    """The row that was charged for a deliverable of the shipped order, or what gives it back."""
    row = next(row for row in rows(repo / ".billing-state" / "transaction_items.csv")
               if (row["tenant_id"], row["deliverable_id"]) == (ORDER[0], deliverable_id))
    task, amount = json.loads(row["metadata_json"])["task_hash"], int(row["amount_credits"])
    return Item(keys.item(type_, task, deliverable_id, 0), row["module_id"], row["step_id"], deliverable_id, type_,
                amount if type_ is PostType.SPEND else -amount, task, 0, note)


@pytest.mark.slow
def test_every_credit_of_the_shipped_tenants_is_explained(shipped_run: Path) -> None:
    done = command(shipped_run, "python -m platform.cli ledger audit")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["18 items, -34 credits: present plan",
                                        "2 items, +1500 credits: payment or promotion", "0 unexplained"]


@pytest.mark.slow
def test_it_is_still_explained_when_orders_and_runs_have_moved_on(shipped_run: Path) -> None:
    order = shipped_run / "tenants" / ORDER[0] / "workorders" / f"{ORDER[1]}.yml"
    text = order.read_text()
    order.write_text(text.replace("topic: ", "topic: more ", 1))
    assert order.read_text() != text
    assert command(shipped_run, "doit run").returncode == 0
    assert audited(shipped_run) == (0, [])
    shutil.rmtree(shipped_run / "runtime")
    assert audited(shipped_run) == (0, [])


@pytest.mark.slow
def test_a_credit_that_nothing_explains_makes_it_fail(shipped_run: Path) -> None:
    gift = topup(ORDER[0], 40, "card", "r")
    rewrite(shipped_run, replace(gift, kind="gift"))
    assert audited(shipped_run) == (1, [(40, "no rule posts a TOPUP of kind gift")])


@pytest.mark.slow
def test_a_top_up_by_hand_is_told_apart(shipped_run: Path) -> None:
    rewrite(shipped_run, topup(ORDER[0], 40, "card", "r"))
    done = command(shipped_run, "python -m platform.cli ledger audit")
    assert (done.returncode, "1 item, +40 credits: top-up by hand" in done.stdout) == (0, True)


@pytest.mark.slow
def test_a_refund_of_what_was_delivered_makes_it_fail(shipped_run: Path) -> None:
    back = (item(shipped_run, "metadata", PostType.REFUND, "module_failed"),)
    rewrite(shipped_run, Post(keys.refund(back), "refund", ORDER[0], PostType.REFUND, 2, ORDER[1], items=back))
    assert audited(shipped_run) == (1, [(2, "the work was done")])


@pytest.mark.slow
def test_work_that_ran_without_a_charge_makes_it_fail(shipped_run: Path) -> None:
    """The journal as it was before the charges: valid, and shorter."""
    rewrite(shipped_run, keep=2)
    done = command(shipped_run, "python -m platform.cli ledger audit --json")
    assert (done.returncode, "state accept-loss" in done.stderr) == (14, True)  # it was also rolled back
    found = [(row["amount_credits"], row["why"]) for row in json.loads(done.stdout)["unexplained"]]
    assert (sum(amount for amount, _ in found), len(found)) == (-34, 18), found
    assert {why.split(" is ")[1].partition(":")[0] for _, why in found} == {"COMPLETED and was never charged"}


@pytest.mark.slow
def test_a_charge_for_an_order_that_nobody_wrote_makes_it_fail(shipped_run: Path) -> None:
    task = "ab" * 32
    key = keys.item(PostType.SPEND, task, "__run__", 0)
    made_up = Item(key, "seed_text", "text", "__run__", PostType.SPEND, -5, task, 0)
    rewrite(shipped_run, Post(keys.charge((made_up,)), "charge", ORDER[0], PostType.SPEND, -5, "nowhere1",
                              items=(made_up,)))
    assert audited(shipped_run) == (1, [(-5, "no order has this work, and no run record, fact or refund mentions it")])
