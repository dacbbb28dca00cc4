"""What grants a TOPUP: a confirmed payment, a promotion in force and not used up, or a method that there is. Pure."""
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from platform.ledger.record import Record
from platform.model.entry import Post
from platform.model.repo import Repo
from platform.model.words import counted


class Grants:
    """Asked in the journal's order: it counts the uses of promotions."""

    def __init__(self, records: Iterable[Record], repo: Repo) -> None:
        self._repo = repo
        self._paid = {(row.payment_id, row.tenant_id, row.amount_credits)
                      for row in repo.payments if row.status == "CONFIRMED"}
        self._decided = {(record.post.tenant_id, record.post.work_order_id): record.seq for record in records
                         if record.post.kind in ("charge", "refusal")}  # the last time each order was
        self._uses: Counter[tuple[str, str]] = Counter()

    def objection(self, record: Record, days: Sequence[date]) -> str:
        """Why nothing grants this, or nothing. `days` are those on which it may have been decided."""
        post = record.post
        if post.kind == "payment":
            payment = str(post.metadata.get("payment_id", ""))
            same = (payment, post.tenant_id, post.amount_credits) in self._paid
            return "" if same else f"config/payments.csv does not confirm payment {payment} so"
        if post.kind == "promotion":
            return self._promotion(post, record.seq, days)
        method = str(post.metadata.get("topup_method_id", ""))
        return "" if method in self._repo.topup_methods else f"config/topup_methods.csv has no method {method!r}"

    def _promotion(self, post: Post, seq: int, days: Sequence[date]) -> str:
        code = str(post.metadata.get("promo_code", ""))
        row = self._repo.promotions.get(code)
        if row is None or row.credits != post.amount_credits or not any(row.covers(day) for day in days):
            return f"config/promotions.csv does not grant this by {code} on {days[0]}"
        used = self._uses[post.tenant_id, code] = self._uses[post.tenant_id, code] + 1
        if used > row.max_uses_per_tenant:
            return f"{code} may be used {counted(row.max_uses_per_tenant, 'time')}, this is number {used}"
        if self._decided.get((post.tenant_id, post.work_order_id), 0) < seq:
            return f"order {post.work_order_id} was neither charged nor refused after it"
        return ""
