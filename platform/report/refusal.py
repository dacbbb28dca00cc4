"""Why an order did not start: the credits needed and available, and what to do. Pure."""
from platform import called
from platform.ledger.rules.charge import ChargeDecision
from platform.model.plan import PlannedOrder
from platform.model.tenant import Tenant
from platform.model.words import in_credits

_TOPUP = (
    "admin-topup --tenant-id {} --amount-credits {} --topup-method-id METHOD --reference REFERENCE "
    "--note NOTE"
)


def describe_debt(tenant_id: str, owed: int) -> str:
    """A debt, its effect, and the command that covers it."""
    return (f"{tenant_id} owes {in_credits(owed)}, and none of its steps runs until the debt is "
            f"covered; top up with: {called.command(_TOPUP.format(tenant_id, owed))}")


def describe_refusal(decision: ChargeDecision, order: PlannedOrder, tenant: Tenant) -> str:
    """One line without the reason's slug; empty if the order may start."""
    needed, available = decision.amount_credits, decision.available_credits
    match decision.refusal:
        case "":
            return ""
        case "not_enough_credits":
            missing = needed - available
            owed = f" (a debt of {in_credits(-available)})" if available < 0 else ""
            return (f"{in_credits(needed)} needed, {available} available{owed}, {missing} missing; "
                    f"top up with: {called.command(_TOPUP.format(order.id.tenant_id, missing))}")
        case "order_limit_exceeded":
            return (f"the order costs {in_credits(order.total_credits)}, but the operator allows "
                    f"{tenant.terms.max_credits_per_order} per order; see config/tenants.csv")
    if tenant.terms.status is tenant.status:
        where = f"config/tenants.csv says so: {tenant.terms.place}"
    else:
        where = f"the tenant's own file says so: {tenant.source.place('status')}"
    return f"{in_credits(needed)} needed, {available} available; {where}"
