"""A quote asked of a run, and a run held to a quote that was saved. It looks and makes nothing: where there is no
billing state yet, the book is what the confirmed payments come to."""
from pathlib import Path

from platform.app.repairs import is_lost
from platform.app.run import Run
from platform.config.document import read_json
from platform.config.schema import problems_of, schema_faults
from platform.confined import named, read
from platform.errors import ConflictError, InputError, UsageError
from platform.model.held import Held
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.model.utc import utc_text
from platform.report.quote import Quote, Terms, quote
from platform.report.quote_file import KeptQuote, kept, moved, parse
from platform.run.current import first_reasons

_LARGEST = 256 << 20  # bytes: the orders of a whole repository
_CURE = "make a new one with `quote --save`"


def quote_of(run: Run) -> Quote:
    """The quote of all orders that the run is about (`run.snapshot.scope`)."""
    repo, orders = run.snapshot.repo, run.snapshot.plan.orders.values()
    steps = [step for order in orders for step in order.steps]
    first = {step.id: found[0] for step in steps if (found := first_reasons(run.context, step))}
    due = {step_id: reason.words for step_id, reason in first.items()}
    remade = {step_id for step_id, reason in first.items() if reason.is_loss}
    lost = {step.id for step in steps if step.kind is Kind.DELIVERY and is_lost(run.records.of_step(step))}
    held = {step.id: each for order in orders for step, each in _held(run, order)}
    again = {step_id for order in orders for step_id in run.holding.goes_again(order)}
    terms = Terms(repo.tenants, run.snapshot.now.date(), repo.promotions, run.open_payments, repo.reasons, due,
                  {order: run.records.every(order) for order in run.snapshot.plan.orders}, run.charges.orphans(), held,
                  again, run.allowed.resend_repaired, remade, lost)
    return quote(run.snapshot.plan, run.billing.book, terms)


def _held(run: Run, order: PlannedOrder) -> list[tuple[PlannedStep, Held]]:
    found = run.holding.of(order)
    return [(step, found[step.id.step_id]) for step in order.steps if step.id.step_id in found]


def kept_of(run: Run, tenant_id: str = "", work_order_id: str = "") -> KeptQuote:
    """The run's quote as a file keeps it; the ids are what was asked for."""
    return kept(quote_of(run), utc_text(run.snapshot.now), tenant_id, work_order_id)


def read_quote(file: Path, name: str) -> KeptQuote:
    """A saved quote. UsageError when it is not there, InputError when it is not one; `name` is how people call it."""
    try:
        with named(file) as handle:
            data = read(handle, _LARGEST)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}); `quote --save FILE` writes a quote") from error
    value = read_json(data, name, _CURE, _LARGEST)
    if isinstance(value, Problem):
        raise InputError([value])
    if found := schema_faults("quote", value, "the quote"):
        raise InputError(list(problems_of(found, SourceFile(name))))
    try:
        return parse(value)
    except ValueError as error:
        raise InputError([Problem(SourcePosition(name), "not-valid", str(error), _CURE)]) from error


def hold(run: Run, name: str) -> None:
    """Refuse to go on unless the run will post exactly what the quote says. ConflictError names all that moved.

    Called under the run folder's lock and before any task: nothing is posted when this raises.
    """
    old = read_quote(run.workspace.root / name, name)
    if found := moved(old, kept_of(run)):
        lines = "\n".join(f"  {line}" for line in found)
        raise ConflictError(f"{name}: the quote of {old.made_at} no longer holds, nothing was posted; make a new one, "
                            f"or run without it\n{lines}")
