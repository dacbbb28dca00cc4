"""Why an order was not started, in words: what is needed, what there is, and what to do. Pure."""
from platform.ledger.rules.charge import ChargeDecision
from platform.model.plan import PlannedOrder
from platform.model.tenant import Tenant
from platform.model.words import in_credits

_TOPUP = ("python -m platform.cli admin-topup --tenant-id {} --amount-credits {} --topup-method-id METHOD "
          "--reference REFERENCE --note NOTE")


def debt_in_words(tenant_id: str, owed: int) -> str:
    """A debt, what it stops, and the command that covers it."""
    return (f"{tenant_id} owes {in_credits(owed)}, and none of its steps runs until that is covered; top up with: "
            f"{_TOPUP.format(tenant_id, owed)}")


def in_words(decision: ChargeDecision, order: PlannedOrder, tenant: Tenant) -> str:
    """One line without the reason's slug; nothing when the order may start."""
    needed, available = decision.amount_credits, decision.available_credits
    match decision.refusal:
        case "":
            return ""
        case "not_enough_credits":
            missing = needed - available
            owed = f" (a debt of {in_credits(-available)})" if available < 0 else ""
            return (f"{in_credits(needed)} needed, {available} available{owed}, {missing} missing; top up with: "
                    f"{_TOPUP.format(order.id.tenant_id, missing)}")
        case "order_limit_exceeded":
            return (f"the order costs {in_credits(order.total_credits)}, and the operator allows "
                    f"{tenant.terms.max_credits_per_order} an order; see config/tenants.csv")
    where = f"config/tenants.csv says so: {tenant.terms.place}" if tenant.terms.status is tenant.status else \
        f"the tenant's own file says so: {tenant.source.place('status')}"
    return f"{in_credits(needed)} needed, {available} available; {where}"
