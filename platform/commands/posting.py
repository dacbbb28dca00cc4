"""What commands that post by hand share: what has to be right first, and how a post comes into the ledger."""
import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from platform.app.run import Run
from platform.app.snapshot import PAYMENTS
from platform.check.words import suggestion
from platform.commands.common import show
from platform.errors import InputError, StorageError, UsageError
from platform.ledger.journal.payments import apply_payments
from platform.ledger.journal.references import post_once
from platform.model.characters import is_line_break, name_of, refused_in
from platform.model.digest import derived_id
from platform.model.entry import Post
from platform.model.problem import Problem
from platform.model.reference import normalised
from platform.model.words import in_credits

T = TypeVar("T")

REASONS, METHODS = "config/reasons.yml", "config/topup_methods.csv"
PRICES, PROMOTIONS = "config/module_prices.csv", "config/promotions.csv"


def must_read(run: Run, *files: str) -> None:
    """InputError when something in one of these files is wrong: nobody can say then what it allows."""
    if wrong := run.snapshot.wrong_in(*files):
        raise InputError(wrong)


def wrong_rows(run: Run, *files: str) -> tuple[Problem, ...]:
    """The rows of these files that are wrong, which stop only what they name; InputError when a whole file is."""
    wrong = run.snapshot.wrong_in(*files)
    if any(not problem.subject for problem in wrong):
        raise InputError(wrong)
    return wrong


def tenant_known(run: Run, tenant_id: str, option: str) -> None:
    """UsageError for a tenant that is not there, InputError for one whose file cannot be read."""
    tenants = run.snapshot.repo.tenants
    if tenant_id not in tenants:
        must_read(run, f"tenants/{tenant_id}/tenant.yml")
        raise UsageError(f"{option}: tenant {tenant_id!r} is not there; "
                         f"{suggestion(tenant_id, tenants, 'see tenants/')}")


def plain_texts(texts: Mapping[str, str]) -> None:
    """UsageError for a text of an option that is more than one line, or that does not show."""
    for option, text in texts.items():
        if found := refused_in(text):
            what = "a line break" if is_line_break(found) else name_of(found)
            raise UsageError(f"{option} holds {what}; use one line of plain text")


def reference_given(reference: str) -> None:
    if not normalised(reference):
        raise UsageError("--reference is empty; it is what makes this one post and not two")


def posted(run: Run, make: Callable[[], Post]) -> tuple[Post, bool]:
    """Post once what `make` says of the newest ledger: the post, and whether it is new. Confirmed payments are
    posted before it, and a shared state is hydrated before and published after."""
    def act() -> tuple[Post, bool]:
        post = make()
        return post, bool(post_once(run.billing.ledger, post))

    return acted(run, act, lambda done: f"post {derived_id(done[0].key)}")


def acted(run: Run, act: Callable[[], T], what: Callable[[T], str]) -> T:
    """Do what posts by hand in the newest ledger, as `posted`; `what` names the post when the disk is full."""
    must_read(run, PAYMENTS, run.workspace.options.runtime_profile)
    with run.sharing.around():
        run.make_ledger()
        for line in apply_payments(run.billing.ledger, run.snapshot.payments).conflicts:
            sys.stderr.write(f"{line}\n")
        done = act()
        try:
            run.checkpoint()
        except StorageError as error:
            raise StorageError(f"{error}. The {what(done)} is in the journal all the same and counts; "
                               "the same command again posts nothing twice") from error
    return done


def show_post(arguments: argparse.Namespace, run: Run, what: str, new: bool,
              result: dict[str, Any], *tenants: str) -> int:
    """Print what became of a post, with the balances of its tenants."""
    book = run.billing.ledger.book
    balances = ", ".join(f"{f'{tenant}: ' if len(tenants) > 1 else ''}balance "
                         f"{in_credits(book.balance(tenant))}" for tenant in tenants)
    show(arguments, result, f"{what if new else 'posted before, nothing changed'}; {balances}")
    return max(run.statuses, default=0)
