"""`cancel`: stop a running step or order, and refund what was charged and not done."""
import argparse
import sys

from platform.app.cancelling import (
    CancelResult,
    cancel_result,
    new_request,
    refund_cancelled,
    request_cancel,
    wait_for_order,
)
from platform.called import command
from platform.commands.common import add_json, add_order, add_places, named, open_scope, show
from platform.commands.delivery import user
from platform.commands.posting import acted, plain_texts
from platform.errors import UsageError
from platform.model.words import counted, in_credits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--note", required=True, metavar="TEXT",
                        help="why; the ledger keeps this note")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, also if there is nothing to cancel, or it was cancelled before.

    It waits until the run that works on the order has stopped. A request stands even if this
    command is killed: that run, or the next one, carries it out."""
    asked = named(arguments)
    if not asked.work_order_id:
        raise UsageError("name the order or the step to cancel: TENANT/ORDER[/STEP]")
    if not arguments.note.strip():
        raise UsageError("--note is empty; say why, for the tenant to read")
    plain_texts({"--note": arguments.note})
    run = open_scope(arguments, asked, past=True)
    if text := run.sharing.hydrate():  # another machine may have charged the order
        sys.stderr.write(f"{text}\n")
    since = run.billing.book.seq
    request = new_request(user(), arguments.note.strip())
    works = request_cancel(run, asked, request)
    if works:
        wait_for_order(run, asked)
        try:
            acted(run, lambda: refund_cancelled(run, asked, works, request),
                  lambda _: f"cancellation of {asked}")
        finally:
            run.locks.release(asked.order)
    result = cancel_result(run, asked, since, works)
    show(arguments, {
        "task": str(asked),
        "posted": bool(result.refunded_credits),
        "refunded_credits": sum(result.refunded_credits.values()),
        "steps": result.refunded_credits,
        "held": list(result.held),
        "done": list(result.done),
        "by": request.by,
        "at": request.at,
        "note": request.note,
    }, _words(str(asked), result, asked=bool(works)))
    return max(run.statuses, default=0)


def _words(name: str, result: CancelResult, *, asked: bool) -> str:
    back = sum(result.refunded_credits.values())
    parts = []
    if result.refunded_credits:
        steps = ", ".join(result.refunded_credits)
        parts.append(f"{in_credits(back)} refunded for "
                     f"{counted(len(result.refunded_credits), 'step')} ({steps})")
    if result.done:
        parts.append(f"{counted(len(result.done), 'step')} completed and not refunded "
                     f"({', '.join(result.done)})")
    if result.held:
        parts.append(f"{', '.join(result.held)} may have left: its charge is kept, and nothing is "
                     f"sent again; to decide: `{command('delivery settle')} "
                     f"{result.order}/{result.held[0]}`")
    if asked:
        return f"cancelled    {name}: {'; '.join(parts) or 'nothing had been charged'}"
    if result.before:
        return f"cancelled    {name}: it was cancelled before; nothing changed"
    return "; ".join([f"{name}: nothing to cancel: nothing of it runs, or is charged and not done",
                      *parts])
