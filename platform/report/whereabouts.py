"""Where each package is: what was delivered, by the ledger's evidence, and what waits or failed.
Pure."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platform.model.characters import one_line
from platform.model.ids import StepId
from platform.model.words import counted

DELIVERED, HELD, FAILED = "delivered", "held", "failed"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A package and where it is.

    `state` is delivered, held (it may have arrived, or waits for a decision) or failed. `at` is
    when it was delivered or failed (UTC). `where` is what a person looks for: a file, a URL, a
    recipient, or the provider's name for it. `link` is a URL that a browser can open; empty if
    there is none. Fields without evidence are empty."""

    tenant_id: str
    work_order_id: str
    step_id: str
    state: str
    at: str
    provider: str
    where: str
    link: str = ""
    recipient: str = ""
    bytes: int = 0
    sha256: str = ""
    verification_status: str = ""
    recorded: bool = False  # only written to a file on this machine, not sent
    reason: str = ""
    message: str = ""

    @property
    def step(self) -> StepId:
        return StepId(self.tenant_id, self.work_order_id, self.step_id)


def newest_first(found: Iterable[Whereabouts]) -> tuple[Whereabouts, ...]:
    """The newest first; of equal times, by the name of the step."""
    return tuple(sorted(sorted(found, key=lambda each: each.step), key=lambda each: each.at,
                        reverse=True))


def latest(found: Iterable[Whereabouts]) -> tuple[Whereabouts, ...]:
    """The newest of each step; `found` is sorted."""
    seen: dict[StepId, Whereabouts] = {}
    for each in found:
        seen.setdefault(each.step, each)
    return tuple(seen.values())


def as_text(found: Sequence[Whereabouts]) -> str:
    """One line for each package."""
    return "\n".join(map(_line, found)) or "nothing was delivered"


def _line(each: Whereabouts) -> str:
    sent = "written to this machine's outbox, sent to nobody" if each.recorded else ""
    size = counted(each.bytes, "byte") if each.bytes else ""
    digest = f"sha256 {each.sha256}" if each.sha256 else ""
    why = ": ".join(filter(None, (each.reason, each.message)))
    parts = (f"{each.state:<9} {each.step}", each.at, each.provider, each.where, sent, size, digest,
             each.verification_status, why)
    return "  ".join(one_line(part) for part in parts if part)
