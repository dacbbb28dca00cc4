"""Prove from the ledger's files that an order was charged once, however often it was run."""
import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands.common import add_json, add_places, one_order, show
from platform.errors import CorruptError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import audit
from platform.model.entry import Post, PostType
from platform.model.ids import is_internal
from platform.model.plan import PlannedOrder
from platform.model.words import counted, in_credits

Row = dict[str, str]
MONEY = ("charge", "refund")  # the kinds of posts that an order's net spend is made of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", required=True, metavar="ID")
    parser.add_argument("--work-order-id", required=True, metavar="ID")
    parser.add_argument(
        "--allow-earlier-versions",
        action="store_true",
        help="the order was edited, or runs by a schedule: what earlier versions cost is left out",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when the order was charged exactly once; 1 when something is doubled, damaged or was never
    charged."""
    run, order = one_order(arguments)
    folder = run.workspace.billing_state_dir
    found = (
        []
        if Ledger.exists(folder)
        else [f"{run.workspace.shown(folder)}: no billing state; nothing was charged"]
    )
    try:
        found += doubled_rows(folder)
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        found.append(f"{run.workspace.shown(folder)}: a file's rows cannot be read ({error!r})")
    posts: tuple[Post, ...] = ()
    if Ledger.exists(folder):
        # the chain, the keys, the sums, and every projection against the journal
        found += audit(folder)
        posts = read_posts(folder, order)
        found += charged_once(posts, order, earlier_versions=arguments.allow_earlier_versions)
    charges = [post for post in posts if post.kind == "charge"]
    verdict = (
        f"{'FAILED' if found else 'ok'}  {order.id}: {counted(len(charges), 'charge')}, "
        f"{counted(sum(len(post.items) for post in charges), 'item')}, {in_credits(-net(posts))} "
        f"net, "
        f"{order.total_credits} by the plan"
    )
    show(
        arguments,
        {
            "ok": not found,
            "charges": len(charges),
            "net_credits": -net(posts),
            "plan_credits": order.total_credits,
            "differences": found,
        },
        "\n".join([*found, verdict]),
    )
    return 1 if found else 0


def read_posts(folder: Path, order: PlannedOrder) -> tuple[Post, ...]:
    """The order's posts; none of a journal that cannot be read, of which the audit has told."""
    try:
        return tuple(record.post for record in Ledger.open(folder).records()
                     if (record.post.tenant_id, record.post.work_order_id) == order.id)
    except CorruptError:
        return ()


def charged_once(
    posts: Sequence[Post], order: PlannedOrder, *, earlier_versions: bool
) -> Iterator[str]:
    """What contradicts one charge of this plan. An item that was refunded and not bought again owes
    nothing."""
    prices = {(step.task_hash, charge.deliverable_id): charge.amount_credits
              for step in order.steps for charge in step.charges}
    charges = [post for post in posts if post.kind == "charge"]
    every = [item for post in posts if post.kind in MONEY for item in post.items]
    items = [item for item in every if (item.task_hash, item.deliverable_id) in prices]
    spent, back = (
        Counter((item.task_hash, item.deliverable_id) for item in items if item.type is type_)
        for type_ in (PostType.SPEND, PostType.REFUND)
    )
    edited = len(every) > len(items)
    if not charges:
        yield f"{order.id}: nothing was charged"
        return
    if never := [
        f"{task_hash[:12]} {name}" for task_hash, name in prices if not spent[task_hash, name]
    ]:
        yield f"{order.id}: never charged: {', '.join(never)}"
    if edited and not earlier_versions:
        yield (
            f"{order.id}: {counted(len(every) - len(items), 'item')} of other task hashes than "
            f"the plan's; either "
            "it was edited (--allow-earlier-versions), or its task hashes are not stable"
        )
    if len(charges) > 1 and not earlier_versions and not edited and not back:
        yield (
            f"{order.id}: {len(charges)} charges and no refund; either steps were added "
            f"(--allow-earlier-versions), "
            "or it was not charged whole"
        )
    owed = sum(price for key, price in prices.items() if spent[key] > back[key])
    paid = -sum(item.amount_credits for item in items)
    if paid != owed and not earlier_versions:
        yield (
            f"{order.id}: {in_credits(paid)} net for what the plan prices at {owed}; either a "
            f"price changed since "
            "(--allow-earlier-versions), or an item was charged wrongly"
        )


def net(posts: Iterable[Post]) -> int:
    """What the order's charges and refunds add up to; credits that a promotion granted are no
    refund."""
    return sum(post.amount_credits for post in posts if post.kind in MONEY)


def doubled_rows(folder: Path) -> Iterator[str]:
    """Rows that say the same thing twice, read from the files that people read and nowhere else."""
    items = list(read_rows(folder / "transaction_items.csv"))
    told = [{**row, **json.loads(row["metadata_json"])} for row in items]
    yield from doubled("item", (row["transaction_item_id"] for row in items))
    yield from doubled("key", (row["idempotency_key"] for row in told))
    yield from doubled(
        "SPEND of",
        (
            f"{row['task_hash']} {row['deliverable_id']} in epoch {row['refund_epoch']}"
            for row in told
            if row["type"] == "SPEND"
        ),
    )
    evidence = list(read_rows(folder / "published_artifacts.csv"))
    yield from doubled(
        "publication of", (f"{row['transaction_item_id']} {row['status']}" for row in evidence)
    )
    yield from (f"{row['deliverable_id']} is internal and was published" for row in evidence
                if is_internal(row["deliverable_id"]))


def doubled(what: str, values: Iterable[str]) -> Iterator[str]:
    yield from (
        f"{what} {value} stands {times} times"
        for value, times in Counter(values).items()
        if times > 1
    )


def read_rows(path: Path) -> Iterator[Row]:
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
