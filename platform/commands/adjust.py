"""`admin-adjust`: post an operator's correction, of type ADJUSTMENT. It changes no earlier post."""
import argparse
from collections.abc import Callable

from platform.app.run import Run
from platform.commands.common import add_json, add_places, add_tenant, open_run, the_tenant
from platform.commands.posting import (
    must_read,
    plain_texts,
    posted,
    reference_given,
    show_post,
    tenant_known,
)
from platform.config.load import REASONS
from platform.errors import CreditsError, UsageError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.adjust import CATEGORY, Correction, adjustment, standings
from platform.ledger.rules.credit import MAX_CREDITS
from platform.model.digest import derived_id
from platform.model.entry import Post, sides
from platform.model.repo import Repo
from platform.model.words import counted
from platform.report.post_named import post_named

_REASON = "a reason of category adjustment of config/reasons.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_tenant(parser)
    parser.add_argument("--amount-credits", required=True, type=signed_number, metavar="N",
                        help="the signed change of the balance, such as -9000")
    add_correction(parser, corrects_required=True)


def add_correction(parser: argparse.ArgumentParser, *, corrects_required: bool,
                   reason: str | None = None) -> None:
    """Add the options of every correction."""
    parser.add_argument("--corrects", required=corrects_required, default="", metavar="TRANSACTION",
                        help="the transaction_id of the post to correct; see `statement`")
    parser.add_argument("--reason", required=reason is None, default=reason, metavar="SLUG",
                        help=_REASON + ("" if reason is None else " (default: %(default)s)"))
    parser.add_argument("--reference", required=True, metavar="TEXT",
                        help="your name for this correction; with the tenant, it is the key")
    parser.add_argument("--note", required=True, metavar="TEXT",
                        help="the explanation, for the tenant to read")
    parser.add_argument("--approved-by", default="", metavar="NAME",
                        help="the person who approved the correction")
    parser.add_argument("--allow-debt", action="store_true",
                        help="allow a balance below zero; the tenant's steps do not run until the "
                             "debt is covered")
    add_json(parser)


def signed_number(text: str) -> int:
    """Parse digits with an optional sign. int() would also accept 1_000 and spaces."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not digits.isascii() or not digits.isdigit() or not int(digits) or int(digits) > MAX_CREDITS:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be an integer other than 0, from -{MAX_CREDITS} to {MAX_CREDITS}"
        )
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the correction is posted, or was posted before.
    * 2: the transaction is not the tenant's.
    * 11: the reference was used for another correction.
    * 12: the balance does not cover it."""
    run = open_run(arguments)
    tenant_id, amount = the_tenant(arguments), arguments.amount_credits
    said = correction(run, arguments)
    tenant_known(run, tenant_id, "--tenant-id")

    def make() -> Post:
        corrects = transaction_of(run.billing.ledger, said.corrects, tenant_id)
        return adjustment(tenant_id, amount, said._replace(corrects=corrects))

    post, new = covered(run, make)
    result = {"tenant_id": tenant_id, "posted": new, "amount_credits": amount,
              "balance": run.billing.ledger.book.balance(tenant_id),
              "transaction_id": derived_id(post.key), "corrects": post.metadata["corrects"]}
    what = (f"ADJUSTMENT {counted(amount, 'credit', signed=True)} for {tenant_id}, transaction "
            f"{derived_id(post.key)}")
    return show_post(arguments, run, what, new, result, tenant_id)


def correction(run: Run, arguments: argparse.Namespace) -> Correction:
    """The correction that the options describe. UsageError for an invalid text or reason."""
    must_read(run, REASONS)
    texts = {"--reference": arguments.reference, "--note": arguments.note,
             "--approved-by": arguments.approved_by}
    plain_texts(texts)
    reference_given(arguments.reference)
    if not arguments.note.strip():
        raise UsageError("--note is empty; say why, for the tenant to read")
    _known_reason(run.snapshot.repo, arguments.reason)
    return Correction(arguments.reference, arguments.reason, arguments.note, arguments.corrects,
                      arguments.approved_by, arguments.allow_debt)


def covered(run: Run, make: Callable[[], Post]) -> tuple[Post, bool]:
    """The same as `posted`. If the balance is too low, the message names --allow-debt."""
    try:
        return posted(run, make)
    except CreditsError as error:
        what = str(error).partition("; ")[0]
        raise CreditsError(f"{what}; nothing was posted, --allow-debt allows a balance below "
                           "zero") from error


def transaction_of(ledger: Ledger, name: str, tenant_id: str) -> str:
    """The id of the transaction that a correction names.

    UsageError if it does not exist, or if neither it nor its corrections moved credits of the
    tenant."""
    posts = [record.post for record in ledger.records()]
    index, key = post_named(ledger.records(), name)
    post = posts[index]
    found = next((side for side in sides(post) if side.key == key), sides(post)[0])
    parties = {side.tenant_id for side in sides(post)} | standings(posts, [post.key])[
        post.key
    ].credits.keys()
    if tenant_id not in parties:
        raise UsageError(f"--corrects {name}: this is a transaction of {found.tenant_id}, not of "
                         f"{tenant_id}; see `statement --tenant-id {tenant_id}`")
    return derived_id(found.key)


def _known_reason(repo: Repo, slug: str) -> None:
    known = sorted(
        name for name, reason in repo.reasons.by_slug.items() if reason.category == CATEGORY
    )
    if slug not in known:
        listed = ", ".join(known) or (
            "none; add one with `category: adjustment` to config/reasons.yml")
        raise UsageError(f"--reason {slug!r} is not {_REASON}; known: {listed}")
