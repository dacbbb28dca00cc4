"""What a look at this machine finds: one thing, its state, what its absence means, and what to do
about it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

OK, WARNING, MISSING = "ok", "warning", "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """`means` and `cure` are for what is not OK, and empty for what is. `required`: the runtime
    profile demands it."""

    what: str
    state: str
    found: str
    means: str = ""
    cure: str = ""
    required: bool = False


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """For people: a line for each finding, and what follows from it below."""
    for finding in findings:
        yield f"{finding.state:<8} {finding.what:<21} {finding.found}"
        if finding.state != OK:
            demanded = "the profile demands it; " if finding.required else ""
            yield f"{'':<30} means: {demanded}{finding.means}"
            yield f"{'':<30} do: {finding.cure}"


def verdict(findings: list[Finding], profile_id: str) -> dict[str, Any]:
    """As JSON: whether the profile has what it demands, and everything that was found."""
    lacking = [finding.what for finding in findings if finding.required and finding.state != OK]
    return {
        "profile_id": profile_id,
        "ok": not lacking,
        "lacking": lacking,
        "findings": [
            {
                "what": finding.what,
                "state": finding.state,
                "found": finding.found,
                "means": finding.means,
                "do": finding.cure,
                "required": finding.required,
            }
            for finding in findings
        ],
    }


def summary(result: dict[str, Any]) -> str:
    """The last line."""
    states = [finding["state"] for finding in result["findings"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in (OK, WARNING, MISSING))
    if result["ok"]:
        return f"{counts}; the profile {result['profile_id']} has what it demands"
    lacking = ", ".join(result["lacking"])
    return f"{counts}; the profile {result['profile_id']} demands what is not here: {lacking}"
