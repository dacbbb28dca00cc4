"""What the platform answers before a command runs, held to what the command then does: the quote to the bill, `why` to
what ran. Asked in this process: a look makes nothing."""
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform.app.holding import Allowed
from platform.app.quoted import quote_of
from platform.app.run import Asked, Run
from platform.app.snapshot import Scope
from platform.app.why import why_task
from platform.app.workspace import Options, Workspace
from platform.config.folders import order_ids
from platform.model.ids import OrderId
from platform.report.why import OrderWhy, StepWhy


@dataclass(frozen=True)
class Answers:
    """`items` are the charges that are quoted as `SPEND step deliverable -amount`; `steps` is why of each step."""

    items: list[str]
    balances: dict[str, int]
    steps: dict[str, StepWhy]


def before(repo: Path, line: str) -> Answers | None:
    """The answers about what a command line would run; None when it runs no orders, or several that it names."""
    words = shlex.split(line)
    if words[:2] != ["doit", "run"]:
        return None
    asked = [word for word in words[2:] if ":" in word or word == "workorder"]
    if len(asked) > 1 or any(word.partition(":")[0] not in ("step", "workorder", "charge") for word in asked) or any(
            word in ("maintenance", "state", "check", "publish") for word in words):
        return None
    orders = frozenset(order for order in order_ids(repo) if not asked or _is_asked(order, asked[0]))
    run = _run(repo, words, orders if asked else None)
    quote = quote_of(run)
    whys = [_whys(repo, words, order) for order in run.snapshot.plan.orders]
    return Answers(
        sorted(f"SPEND {step.step_id} {item.deliverable_id} {-item.credits}"
               for order in quote.orders if order.total_credits or not order.refusal
               for step in order.steps for item in step.charges
               if item.paid_credits is None and not order.refusal and step.action != "held"),
        {tenant.tenant_id: tenant.balance_after for tenant in quote.tenants},
        {step.task.rpartition("/")[2]: step for why in whys for step in why.steps})


def unexplained(answers: Answers, ran: Iterable[str]) -> list[str]:
    """The steps that ran without a field that moved; one that only might run was told so."""
    steps = answers.steps
    return [name for name in ran if name in steps and not steps[name].words.startswith("up to date, unless ")
            and not any(reason.field and (reason.field == "record" or (reason.old, reason.new) != (None, None)
                                          or reason.upstream) for reason in steps[name].reasons)]


def lines(step: StepWhy) -> list[str]:
    """Each reason as `field old -> new`, digests as #, what is not there as -; and what explains it further up."""
    own = [f"{reason.field} {_short(reason.old)} -> {_short(reason.new)}" for reason in step.reasons
           if reason.field != "task_hash" or len(step.reasons) == 1]
    return own + [f"{cause.step_id}: {cause.field} {_short(cause.old)} -> {_short(cause.new)}"
                  for cause in step.because]


def _short(value: Any) -> str:
    if value is None:
        return "-"
    text = str(value)
    return "#" if re.fullmatch("[0-9a-f]{64}", text) else text


def _is_asked(order: OrderId, word: str) -> bool:
    name = word.partition(":")[2]
    pattern = name.removesuffix("*").rstrip("/")
    return f"{order}/".startswith(f"{pattern}/") or f"{pattern}/".startswith(f"{order}/")


def _run(repo: Path, words: list[str], scope: Scope | None = None) -> Run:
    given = dict(word.split("=", 1) for word in words if "=" in word)
    allowed = Allowed(retry_failed="--retry-failed" in words, resend_repaired="--resend-repaired" in words)
    return Run(Workspace.open(repo, Options(**given)), Asked(scope, allowed=allowed))


def _whys(repo: Path, words: list[str], order: OrderId) -> OrderWhy:
    answer = why_task(_run(repo, words), f"workorder:{order}")
    assert isinstance(answer, OrderWhy)
    return answer
