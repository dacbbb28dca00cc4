"""The commands that correct a transaction, with their exact arguments, for the message of a
conflict. Pure."""
import shlex
from collections.abc import Mapping
from itertools import count

from platform import called
from platform.ledger.rules.adjust import Standing


def remedies(now: Standing, want: Mapping[str, int], corrects: str, name: str,
             reason: str) -> tuple[str, ...]:
    """Command lines that make a transaction come to `want`, in credits by tenant.

    `now` is the transaction with its corrections, `corrects` its id, `reason` the reason of the new
    corrections. `name` begins their references, of which each line has its own. Empty when nothing
    differs.
    """
    have, references = (
        now.credits,
        (f"{name}-correction-{number}" for number in count(len(now.reasons) + 1)),
    )
    off = {tenant: want.get(tenant, 0) - have.get(tenant, 0) for tenant in sorted({*have, *want})}
    lines: list[str] = []
    givers = [tenant for tenant, amount in off.items() if amount < 0]
    takers = [tenant for tenant, amount in off.items() if amount > 0]
    for giver, taker in zip(givers, takers, strict=False):
        moved = min(-off[giver], off[taker])
        off[giver], off[taker] = off[giver] + moved, off[taker] - moved
        lines.append(_line("admin-transfer", {
            "--from": giver, "--to": taker, "--amount-credits": str(moved), "--corrects": corrects,
            "--reason": reason, "--reference": next(references), "--note": f"corrects {name}"}))
    lines += [_line("admin-adjust", {
        "--tenant-id": tenant, "--amount-credits": str(amount), "--corrects": corrects,
        "--reason": reason, "--reference": next(references), "--note": f"corrects {name}"})
        for tenant, amount in off.items() if amount]
    return tuple(lines)


def _line(command: str, options: Mapping[str, str]) -> str:
    words = (f"{name} {shlex.quote(value)}" for name, value in options.items())
    return called.command(" ".join((command, *words)))
