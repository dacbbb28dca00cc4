"""What grants a TOPUP: a confirmed payment, a valid promotion, or a method that exists. Pure."""
from collections import Counter
from collections.abc import Sequence
from datetime import date

from platform.ledger.journal.record import Record
from platform.ledger.rules import keys
from platform.ledger.rules.adjust import CATEGORY, standings
from platform.ledger.rules.payments import correction_of
from platform.model.digest import derived_id
from platform.model.entry import Post, sides
from platform.model.repo import Repo
from platform.model.words import counted


class Grants:
    """Call the methods in the journal's order, because the uses of promotions are counted."""

    def __init__(self, records: Sequence[Record], repo: Repo) -> None:
        history = [record.post for record in records]
        self._repo = repo
        self._rows = {keys.payment(row.payment_id): row for row in repo.payments}
        self._standing = standings(
            history, [post.key for post in history if post.kind == "payment"]
        )
        self._parties: dict[str, set[str]] = {}  # tenants by id of an earlier transaction
        self._decided = {
            (record.post.tenant_id, record.post.work_order_id): record.seq
            for record in records
            if record.post.kind in ("charge", "refusal")
        }  # the last one of each order
        self._uses: Counter[tuple[str, str]] = Counter()

    def objection(self, record: Record, days: Sequence[date]) -> str:
        """Why nothing grants this post, or an empty string. It was decided on one of `days`."""
        post = record.post
        if post.kind == "payment":
            fix = correction_of(post, self._standing[post.key], self._rows.get(post.key))
            name = post.metadata.get("payment_id", "")
            return fix and (f"config/payments.csv does not confirm payment {name} so: "
                             f"restore its row, or {fix}")
        if post.kind == "promotion":
            return self._promotion(post, record.seq, days)
        method = str(post.metadata.get("topup_method_id", ""))
        return (
            ""
            if method in self._repo.topup_methods
            else f"config/topup_methods.csv has no method {method!r}"
        )

    def note(self, record: Record) -> None:
        """Note a checked post: a later post may correct it."""
        tenants = {side.tenant_id for side in sides(record.post)}
        tenants |= self._parties.get(str(record.post.metadata.get("corrects", "")), set())
        for side in sides(record.post):
            self._parties[derived_id(side.key)] = tenants
        if corrects := str(record.post.metadata.get("corrects", "")):
            self._parties.setdefault(corrects, set()).update(tenants)

    def correction(self, post: Post) -> str:
        """Why this correction is not valid, or an empty string."""
        reason = self._repo.reasons.by_slug.get(post.reason_code)
        if reason is None or reason.category != CATEGORY:
            return f"config/reasons.yml has no reason {post.reason_code} of category {CATEGORY}"
        corrects = str(post.metadata.get("corrects", ""))
        if corrects and post.tenant_id not in self._parties.get(corrects, ()):
            return (f"it corrects {corrects}, which is not an earlier transaction of "
                    f"{post.tenant_id}")
        return ""

    def _promotion(self, post: Post, seq: int, days: Sequence[date]) -> str:
        code = str(post.metadata.get("promo_code", ""))
        row = self._repo.promotions.get(code)
        if (
            row is None
            or row.credits != post.amount_credits
            or not any(row.covers(day) for day in days)
        ):
            return f"config/promotions.csv has no promotion that grants this on {days[0]}"
        used = self._uses[post.tenant_id, code] = self._uses[post.tenant_id, code] + 1
        if used > row.max_uses_per_tenant:
            allowed = counted(row.max_uses_per_tenant, "time")
            return f"this promotion may be used {allowed}, but this is use {used}"
        if self._decided.get((post.tenant_id, post.work_order_id), 0) < seq:
            return f"order {post.work_order_id} was neither charged nor refused after it"
        return ""
