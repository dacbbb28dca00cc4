"""Export the journal as CSV, as JSON lines, and as plain text accounting for beancount. Pure.

In the operator's books, a tenant's prepaid credits are a liability. A top-up increases it, a charge
turns it into income by module, and a refund reverses that. An adjustment is equity, by its reason.
Beancount computes the balances again; the balance lines at the end make it report a difference.
"""
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from platform.ledger.journal.record import Record
from platform.ledger.rules.body import body_of
from platform.model.cells import as_csv
from platform.model.digest import canonical_json, derived_id
from platform.model.entry import TRANSFER, Post, PostType, sides

ACCOUNT_COLUMNS = (
    "seq",
    "created_at",
    "transaction_id",
    "transaction_item_id",
    "tenant_id",
    "work_order_id",
    "kind",
    "type",
    "step_id",
    "module_id",
    "deliverable_id",
    "amount_credits",
    "balance_credits",
    "reason_code",
    "note",
    "idempotency_key",
)


def as_table(records: Iterable[Record], tenant_id: str = "") -> Iterator[str]:
    """CSV with one row per item, one per post without items, and two per transfer.

    `balance_credits` is the tenant's balance after the whole post. A `tenant_id` selects its rows.
    """
    yield as_csv([ACCOUNT_COLUMNS]).decode()
    balances: dict[str, int] = {}
    for record in records:
        post = record.post
        for side in sides(post):
            if tenant_id not in ("", side.tenant_id):
                continue
            balance = balances[side.tenant_id] = (
                balances.get(side.tenant_id, 0) + side.amount_credits
            )
            parts = [
                (
                    derived_id(item.key),
                    item.step_id,
                    item.module_id,
                    item.deliverable_id,
                    item.amount_credits,
                    item.note or post.note,
                    item.key,
                )
                for item in post.items
            ]
            for item_id, step, module, deliverable, amount, note, key in parts or [
                    ("", "", "", "", side.amount_credits, post.note, side.key)]:
                yield as_csv(
                    [
                        (
                            record.seq,
                            record.ts,
                            derived_id(side.key),
                            item_id,
                            side.tenant_id,
                            post.work_order_id,
                            post.kind,
                            post.type.value,
                            step,
                            module,
                            deliverable,
                            amount,
                            balance,
                            post.reason_code,
                            note,
                            key,
                        )
                    ]
                ).decode()


def as_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """One JSON object per post with the journal's fields, its number and its hash."""
    for record in records:
        yield (
            canonical_json(
                {
                    "seq": record.seq,
                    "ts": record.ts,
                    "hash": record.hash,
                    "key": record.post.key,
                    "tenant_id": record.post.tenant_id,
                    "kind": record.post.kind,
                    **body_of(record.post),
                }
            ).decode()
            + "\n"
        )


def as_beancount(records: Iterable[Record], balances: Mapping[str, int]) -> Iterator[str]:
    """A beancount file. It asserts `balances`, the ledger's balances after these records."""
    body: list[str] = []
    opened: dict[str, str] = {}  # account -> day of its first use
    day = "1970-01-01"
    for record in (record for record in records if record.post.tenant_id):
        day = max(day, record.ts[:10])
        lines = _transaction(record, day)
        for account, _ in _postings(record.post):
            opened.setdefault(account, day)
        body += lines
    after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    yield 'option "title" "Prepaid credits"\noption "operating_currency" "CREDIT"\n'
    yield "1970-01-01 commodity CREDIT\n\n"
    yield from (f"{since} open {account} CREDIT\n" for account, since in sorted(opened.items()))
    yield from body
    yield "\n"
    yield from (
        f"{after} balance {owed} {-balance} CREDIT\n"
        for tenant, balance in sorted(balances.items())
        if (owed := _owed(tenant)) in opened
    )


def _transaction(record: Record, day: str) -> list[str]:
    """`day` never decreases: a clock that was set back must not reorder a balance."""
    post = record.post
    narration = " ".join(part for part in (post.work_order_id, post.reason_code, post.note) if part)
    meta = {"seq": str(record.seq), "posted": record.ts, "key": post.key}
    return [f'\n{day} * "{_text(post.kind)}" "{_text(narration)}"\n',
            *(f'  {name}: "{_text(value)}"\n' for name, value in meta.items()),
            *(f"  {account}  {amount} CREDIT\n" for account, amount in _postings(post))]


def _postings(post: Post) -> Iterator[tuple[str, int]]:
    """Accounts with amounts that sum to zero. For posts without credits, all amounts are zero."""
    for side in sides(post):
        yield _owed(side.tenant_id), -side.amount_credits
    if post.kind == TRANSFER:
        return
    if post.type is PostType.ADJUSTMENT:
        yield f"Equity:Adjustments:{_component(post.reason_code)}", post.amount_credits
    elif post.type is PostType.TOPUP:
        if code := post.metadata.get("promo_code"):
            account = f"Expenses:Promotions:{_component(str(code))}"
        else:
            method = str(post.metadata.get("topup_method_id", "other"))
            account = f"Assets:Payments:{_component(method)}"
        yield account, post.amount_credits
    elif post.items:
        for item in post.items:
            yield (
                f"Income:Modules:{_component(item.module_id)}:{_component(item.deliverable_id)}",
                item.amount_credits,
            )
    else:
        yield "Income:Modules", post.amount_credits


def _owed(tenant_id: str) -> str:
    return f"Liabilities:Credits:{_component(tenant_id)}"


def _component(name: str) -> str:
    """An id as a unique part of an account's name.

    Characters that beancount does not allow become their hexadecimal code.
    """
    return "N" + re.sub(r"[^0-9A-Za-z]", lambda found: f"-{ord(found.group()):x}-", name)


def _text(text: str) -> str:
    return (
        json.dumps(text, ensure_ascii=False)[1:-1]
        .replace("\\n", " ")
        .replace("\\r", " ")
        .replace("\\t", " ")
    )
