"""Compute the quote of a run, and check a run against a saved quote.

Both only read. If no billing state exists yet, the balances are those of the confirmed payments."""
from pathlib import Path

from platform.app.repairs import is_lost
from platform.app.run import Run
from platform.app.workspace import Workspace
from platform.config.document import read_json
from platform.config.schema import problems_of, schema_faults
from platform.confined import named, read
from platform.errors import ConflictError, InputError, UsageError
from platform.model.held import Held
from platform.model.ids import OrderId
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.model.utc import utc_text
from platform.model.words import in_credits
from platform.report.quote import quote
from platform.report.quote_file import KeptQuote, kept, moved, parse
from platform.report.quote_values import Quote, Terms
from platform.run.current import first_reasons

_LARGEST = 256 << 20  # bytes; enough for the orders of a whole repository
_FIX = "make a new quote with `quote --save`"


def quote_of(run: Run) -> Quote:
    """The quote of all orders in the run's scope (`run.snapshot.scope`)."""
    repo, orders = run.snapshot.repo, run.snapshot.plan.orders.values()
    steps = [step for order in orders for step in order.steps]
    first = {step.id: found[0] for step in steps if (found := first_reasons(run.context, step))}
    due = {step_id: reason.words for step_id, reason in first.items()}
    remade = {step_id for step_id, reason in first.items() if reason.is_loss}
    lost = {
        step.id
        for step in steps
        if step.kind is Kind.DELIVERY and is_lost(run.records.of_step(step))
    }
    held = {step.id: each for order in orders for step, each in _held(run, order)}
    again = {step_id for order in orders for step_id in run.holding.goes_again(order)}
    terms = Terms(
        repo.tenants,
        run.snapshot.now.date(),
        repo.promotions,
        run.open_payments,
        repo.reasons,
        due,
        {order: run.records.every(order) for order in run.snapshot.plan.orders},
        run.orphans.refunds(),
        held,
        again,
        run.allowed.resend_repaired,
        remade,
        lost,
    )
    return quote(run.snapshot.plan, run.billing.book, terms)


def _held(run: Run, order: PlannedOrder) -> list[tuple[PlannedStep, Held]]:
    found = run.holding.of(order)
    return [(step, found[step.id.step_id]) for step in order.steps if step.id.step_id in found]


def kept_of(run: Run, tenant_id: str = "", work_order_id: str = "") -> KeptQuote:
    """The run's quote in the form of a saved file. The ids are those of the request."""
    return kept(quote_of(run), utc_text(run.snapshot.now), tenant_id, work_order_id)


def read_quote(file: Path, name: str) -> KeptQuote:
    """A saved quote; `name` is its name in messages.

    UsageError if the file is missing, InputError if it is not a quote."""
    try:
        with named(file) as handle:
            data = read(handle, _LARGEST)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}); `quote --save FILE` writes a "
                         "quote") from error
    value = read_json(data, name, _FIX, _LARGEST)
    if isinstance(value, Problem):
        raise InputError([value])
    if found := schema_faults("quote", value, "the quote"):
        raise InputError(list(problems_of(found, SourceFile(name))))
    try:
        return parse(value)
    except ValueError as error:
        raise InputError([Problem(SourcePosition(name), "not-valid", str(error), _FIX)]) from error


def charged(workspace: Workspace) -> frozenset[OrderId]:
    """The orders that the workspace's saved quote charges. A run locks them before it reads."""
    name = workspace.options.quote
    charges = read_quote(workspace.root / name, name).charges
    return frozenset(OrderId(*order.split("/")) for order, words in charges.items()
                     if words != in_credits(0) and order.count("/") == 1)


def hold(run: Run, name: str) -> None:
    """Stop unless the run will post exactly what the quote says. ConflictError lists every change.

    Call this with the quoted orders locked and before any task: if it raises, nothing has been
    posted.
    """
    old = read_quote(run.workspace.root / name, name)
    if found := moved(old, kept_of(run)):
        lines = "\n".join(f"  {line}" for line in found)
        raise ConflictError(f"{name}: the quote of {old.made_at} no longer holds, nothing was "
                            f"posted; make a new quote, or run without it\n{lines}")
