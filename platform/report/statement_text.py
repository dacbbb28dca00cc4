"""A statement as text: one line per post, followed by its items and its proof. Pure."""
from platform.model.characters import one_line
from platform.model.words import counted, in_credits
from platform.report.statement import DeliveryLine, Line, Statement, StatementPart


def as_text(of: Statement) -> str:
    """The whole statement; every amount is in credits and has a sign."""
    name = f" ({one_line(of.tenant_name)})" if of.tenant_name else ""
    lines = [
        f"Statement of {of.tenant_id}{name}, {days(of)}",
        f"opening balance  {in_credits(of.opening_credits)}",
    ]
    width = max((len(f"{line.amount_credits:+d}") for line in of.lines), default=0)
    for line in of.lines:
        lines += [_line(line, width), *(_part(part, width) for part in line.parts), _proof(line)]
    lines.append(f"closing balance  {in_credits(of.closing_credits)}")
    lines.append(
        f"                 {of.topped_up_credits} topped up, {of.charged_credits} charged, "
        f"{of.refunded_credits} refunded"
        + (f", {of.adjusted_credits:+d} adjusted" if of.adjusted_credits else "")
    )
    lines += [f"module           {spend.module_id}  {in_credits(spend.net_credits)}"
              + (f" ({spend.charged_credits} charged, {spend.refunded_credits} refunded)"
                 if spend.refunded_credits else "") for spend in of.spend_by_module]
    lines += [_delivery(delivery) for delivery in of.deliveries]
    if of.ledger_balance_credits != of.closing_credits:
        lines.append(f"balance now      {in_credits(of.ledger_balance_credits)}")
    lines.append(
        f"journal          {counted(of.journal_seq, 'post')}, the last with hash {of.journal_hash}"
    )
    return "\n".join(lines)


def days(of: Statement) -> str:
    """The period of a statement, as text."""
    if of.date_from or of.date_to:
        return " ".join(filter(None, (f"from {of.date_from}" if of.date_from else "",
                                      f"to {of.date_to}" if of.date_to else "to now"))) + " (UTC)"
    return "all posts"


def how_delivered(delivery: DeliveryLine) -> str:
    """The evidence of a delivery in one line."""
    sent = "recorded on this machine, not sent" if delivery.recorded else ""
    size = counted(delivery.bytes, "byte") if delivery.bytes else ""
    return ", ".join(one_line(words) for words in (delivery.provider, delivery.remote, size,
                                                   delivery.verification_status, sent) if words)


def _line(line: Line, width: int) -> str:
    note = f"  ({one_line(line.note)})" if line.note else ""
    return (
        f"{line.at}  {line.amount_credits:>+{width}d}  balance {line.balance_credits}  "
        f"{one_line(line.words)}{note}"
    )


def _part(part: StatementPart, width: int) -> str:
    note = f"  ({one_line(part.note)})" if part.note else ""
    return (f"{' ' * 22}{part.amount_credits:>+{width}d}  {part.words}  {part.module_id}{note}"
            f"  item {part.transaction_item_id}")


def _proof(line: Line) -> str:
    return (
        f"{' ' * 22}proof: journal line {line.seq}, hash {line.hash}, transaction "
        f"{line.transaction_id}"
    )


def _delivery(delivery: DeliveryLine) -> str:
    return (
        f"delivery         {delivery.work_order_id}/{delivery.step_id}  {how_delivered(delivery)}"
        f"  sha256 {delivery.sha256 or 'not known'}  item {delivery.transaction_item_id}"
    )
