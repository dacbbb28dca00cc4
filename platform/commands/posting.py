"""Functions of the commands that post by hand: check the inputs, then post to the ledger."""
import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from platform.app.run import Run
from platform.app.snapshot import PAYMENTS
from platform.check.words import choices
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

PRICES, PROMOTIONS = "config/module_prices.csv", "config/promotions.csv"


def must_read(run: Run, *files: str) -> None:
    """InputError if one of these files has errors, because then it is unclear what it allows."""
    if wrong := run.snapshot.wrong_in(*files):
        raise InputError(wrong)


def wrong_rows(run: Run, *files: str) -> tuple[Problem, ...]:
    """The errors of single rows in these files. They stop only what the rows name. InputError if a
    whole file has an error."""
    wrong = run.snapshot.wrong_in(*files)
    if any(not problem.subject for problem in wrong):
        raise InputError(wrong)
    return wrong


def tenant_known(run: Run, tenant_id: str, option: str) -> None:
    """UsageError if the tenant does not exist, InputError if its file has errors."""
    tenants = run.snapshot.repo.tenants
    if tenant_id not in tenants:
        must_read(run, f"tenants/{tenant_id}/tenant.yml")
        raise UsageError(f"{option}: tenant {tenant_id!r} does not exist; "
                         f"{choices(tenant_id, tenants)}")


def plain_texts(texts: Mapping[str, str]) -> None:
    """UsageError if the text of an option contains a line break or an invisible character."""
    for option, text in texts.items():
        if found := refused_in(text):
            what = "a line break" if is_line_break(found) else name_of(found)
            raise UsageError(f"{option} contains {what}; use one line of plain text")


def reference_given(reference: str) -> None:
    if not normalised(reference):
        raise UsageError("--reference is empty; give one, because it prevents a duplicate post")


def posted(run: Run, make: Callable[[], Post]) -> tuple[Post, bool]:
    """Post the result of `make` once. `make` sees the newest ledger. Return the post, and whether
    it is new.

    Confirmed payments are posted first. A shared state is hydrated before and published after."""
    def act() -> tuple[Post, bool]:
        post = make()
        return post, bool(post_once(run.billing.ledger, post))

    return acted(run, act, lambda done: f"post {derived_id(done[0].key)}")


def acted(run: Run, act: Callable[[], T], what: Callable[[T], str]) -> T:
    """Run `act`, which posts to the newest ledger, in the same way as `posted`.

    `what` names the post in the message about a full disk."""
    must_read(run, PAYMENTS, run.workspace.options.runtime_profile)
    with run.sharing.around():
        run.make_ledger()
        for line in apply_payments(run.billing.ledger, run.snapshot.payments).conflicts:
            sys.stderr.write(f"{line}\n")
        done = act()
        try:
            run.checkpoint()
        except StorageError as error:
            raise StorageError(f"{error}. The {what(done)} is in the journal and counts; "
                               "if you repeat the command, it posts nothing twice") from error
    return done


def show_post(arguments: argparse.Namespace, run: Run, what: str, new: bool,
              result: dict[str, Any], *tenants: str) -> int:
    """Print the result of a post, with the balances of its tenants. Return the exit status."""
    book = run.billing.ledger.book
    balances = ", ".join(f"{f'{tenant}: ' if len(tenants) > 1 else ''}balance "
                         f"{in_credits(book.balance(tenant))}" for tenant in tenants)
    show(arguments, result, f"{what if new else 'posted before, nothing changed'}; {balances}")
    return max(run.statuses, default=0)
