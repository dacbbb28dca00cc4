"""The report of one run as an HTML file: timeline, what failed first, credits, deliveries. Pure."""
from collections.abc import Mapping
from dataclasses import dataclass, replace

from platform.model.history import Attempt, Tally
from platform.model.ids import OrderId
from platform.report.evidence import DeliveryEvidence
from platform.report.invocations import RunView, credits_of, duration, why
from platform.report.page import rendered
from platform.report.timeline import WIDTH, timeline

_MOST_NAMED = 20  # failures after the first


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery of the run. `link` is a URL of what was delivered; empty if there is none that a
    browser can open."""

    step: str
    at: str
    link: str
    evidence: DeliveryEvidence


@dataclass(frozen=True, slots=True)
class OrderCredits:
    """What one order was charged and refunded in this run."""

    order: str
    title: str
    charged_credits: int
    refunded_credits: int
    refusal: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything that the page shows. `titles` are the present titles of orders. `first_words` are
    the last lines of the log of what failed first."""

    view: RunView
    titles: Mapping[OrderId, str]
    deliveries: tuple[DeliveryView, ...]
    first_words: str = ""


def as_html(report: RunReport) -> str:
    """The page."""
    view = report.view
    invocation = view.run.invocation
    attempts = [task.attempt for task in view.tasks]
    first = view.first_failure
    return rendered(
        "run_report.html.j2",
        {"why": why, "credits_of": credits_of, "duration": duration, "subject": _subject},
        run=view.run,
        invocation=invocation,
        tally=invocation.tally,
        first=first,
        first_words=report.first_words,
        others=[each for each in _own_failures(attempts) if each is not first],
        timeline=timeline(attempts, invocation.began_at, invocation.ended_at),
        width=WIDTH,
        credits=_credits(attempts, report.titles),
        deliveries=report.deliveries,
        tasks=view.tasks,
        most_named=_MOST_NAMED,
    )


def _own_failures(attempts: list[Attempt]) -> list[Attempt]:
    """What failed, without the orders of which a step failed: they say the same."""
    steps = {each.order for each in attempts if each.step and each.failed}
    return [each for each in attempts
            if each.failed and (each.step or each.order is None or each.order not in steps)]


def _subject(attempt: Attempt) -> str:
    """A step or an order without the kind of its task."""
    return attempt.task.partition(":")[2] or attempt.task


def _credits(attempts: list[Attempt], titles: Mapping[OrderId, str]) -> list[OrderCredits]:
    """One value per order of which the run moved credits, or which it refused."""
    found: dict[str, OrderCredits] = {}
    for each in attempts:
        moved = Tally(charged_credits=each.charged_credits, refunded_credits=each.refunded_credits)
        refusal = each.message if each.state == "REFUSED" and not each.step else ""
        if moved == Tally() and not refusal:
            continue
        name = str(each.order) if each.order else "deleted orders"
        title = titles.get(each.order, "") if each.order else ""
        before = found.get(name, OrderCredits(name, title, 0, 0, ""))
        found[name] = replace(
            before,
            charged_credits=before.charged_credits + moved.charged_credits,
            refunded_credits=before.refunded_credits + moved.refunded_credits,
            refusal=before.refusal or refusal,
        )
    return list(found.values())
