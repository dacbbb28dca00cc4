"""The command that publishes purchased packages: `scripts/publish_artifacts_release.py`."""
import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from platform.app.publishing import line
from platform.app.run import Run, say
from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.commands.common import (
    add_json,
    add_order,
    add_places,
    named,
    options,
    root,
    show,
    since_moment,
)
from platform.errors import ConflictError, PlatformError, UsageError
from platform.model.ids import OrderId
from platform.model.repo import Repo
from platform.model.since import FORMS
from platform.model.task_name import TaskKind, order_task
from platform.model.utc import utc_text
from platform.publish.publish import CONFLICT, Missing, PublishedPackage
from platform.publish.select import Purchase, select

LAST = "last"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--since", default=LAST, metavar="TIME",
                        help=f"only purchases charged at this time or later: {FORMS}, in UTC "
                             "(default: %(default)s, everything without evidence)")
    parser.add_argument("--no-publish", action="store_true",
                        help="simulate: pack into the runtime directory and record a simulation")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status. A shared billing state is hydrated before and published after.

    * 0: every purchase is published.
    * 1: a purchase is missing.
    * 2: an id is unknown.
    * 11: a published asset has the same name and different bytes.
    * 17: the profile does not allow publishing."""
    since = "" if arguments.since == LAST else journal_time(arguments.since)
    asked = named(arguments, most=2).order
    places = replace(options(arguments), no_publish="1" if arguments.no_publish else "")
    run = Run(Workspace.open(root(arguments), places))
    publishing = run.publishing
    # Open the place first: if it cannot be opened, the command fails before it waits for the lock.
    place = publishing.place
    run.lock()
    try:
        if not place.simulated and (text := run.sharing.hydrate()):  # a simulation uses no network
            sys.stderr.write(f"{text}\n")
        run.guard.check()
        purchases = publishing.purchases()
        _known(asked, run.snapshot.repo, purchases)
        chosen = partial(
            select,
            since=since,
            tenant_id=asked.tenant_id,
            work_order_id=asked.work_order_id,
            simulated=place.simulated,
        )
        published, missing = _published_all(run, purchases, chosen)
    except PlatformError as error:
        run.history.close(error.exit_status, str(error))
        raise
    finally:
        run.close()
    show(arguments, {"published": [_published(done) for done in published],
                     "missing": [_missing(lost) for lost in missing]}, _text(published, missing))
    own = [ConflictError.exit_status if lost.reason == CONFLICT else 1 for lost in missing]
    status = max(own + run.statuses, default=0)
    _remember(run, published, missing)
    run.history.close(status)
    return status


def _remember(run: Run, published: Sequence[PublishedPackage], missing: Sequence[Missing]) -> None:
    """Tell the history what became of each order."""
    lost = {each.purchase.step.order for each in missing}
    every: list[PublishedPackage | Missing] = [*published, *missing]
    for order_id in dict.fromkeys(each.purchase.step.order for each in every):
        run.history.tasks.task_ended(
            order_task(TaskKind.PUBLISH, order_id),
            "FAILED" if order_id in lost else "COMPLETED",
            "; ".join(line(each) for each in every if each.purchase.step.order == order_id),
            refunded_credits=sum(each.refunded_credits for each in missing
                                 if each.purchase.step.order == order_id),
        )


def _published_all(run: Run, purchases: Sequence[Purchase],
                   chosen: Callable[..., tuple[Purchase, ...]]
                   ) -> tuple[list[PublishedPackage], list[Missing]]:
    """Publish what is `chosen` of the purchases, each order's while no run works on the order. An
    order that is free does not wait for one that is not."""
    published: list[PublishedPackage] = []
    missing: list[Missing] = []
    by_order: dict[OrderId, list[Purchase]] = {}
    for purchase in chosen(purchases, run.billing.history.book):
        by_order.setdefault(purchase.step.order, []).append(purchase)
    while by_order:
        for order in list(by_order):
            if not run.locks.take_now(order):
                continue
            try:
                run.records.forget(order)
                run.billing.see_newest()  # meanwhile, a run may have published or refunded some
                done, lost = run.publishing.publish(
                    chosen(by_order.pop(order), run.billing.history.book))
            finally:
                run.locks.release(order)
            published += done
            missing += lost
        if by_order:
            run.locks.wait(by_order.keys(), say)
    return published, missing


def _known(asked: OrderId, repo: Repo, purchases: Sequence[Purchase]) -> None:
    """UsageError for a tenant or an order that neither the repository nor the ledger contains."""
    tenants = {*repo.tenant_ids, *(purchase.step.tenant_id for purchase in purchases)}
    if asked.tenant_id and asked.tenant_id not in tenants:
        raise UsageError(f"{asked.tenant_id}: no such tenant; "
                         f"{suggestion(asked.tenant_id, tenants, 'see tenants/')}")
    bought = {OrderId(*purchase.step[:2]) for purchase in purchases}
    orders = {order.work_order_id for order in {*repo.orders, *repo.unreadable} | bought
              if order.tenant_id == asked.tenant_id}
    if asked.work_order_id and asked.work_order_id not in orders:
        raise UsageError(f"{asked}: no such work order; "
                         f"{suggestion(asked.work_order_id, orders, 'see `doit list --all`')}")


def journal_time(text: str) -> str:
    """A user's time in the journal's form: UTC, in seconds. UsageError if it is not a time."""
    return utc_text(since_moment(text)) if text else ""


def _row(purchase: Purchase) -> dict[str, Any]:
    return {
        **purchase.step._asdict(),
        "module_id": purchase.module_id,
        "deliverable_id": purchase.deliverable_id,
        "transaction_item_id": purchase.item_id,
    }


def _published(done: PublishedPackage) -> dict[str, Any]:
    return {
        **_row(done.purchase),
        "artifact_name": done.artifact.path.name,
        "sha256": done.artifact.sha256,
        "bytes": done.artifact.bytes,
        "uri": done.uri,
        "statement_uri": done.statement.uri,
        "status": done.status,
    }


def _missing(lost: Missing) -> dict[str, Any]:
    return {**_row(lost.purchase), "reason": lost.reason, "message": lost.message,
            "refunded_credits": lost.refunded_credits}


def _text(published: Sequence[PublishedPackage], missing: Sequence[Missing]) -> str:
    lines = [*map(line, published), *map(line, missing)]
    if not lines:
        return "nothing to publish"
    word = published[0].status if published else "published"
    return "\n".join([*lines, f"{len(published)} {word}, {len(missing)} missing"])
