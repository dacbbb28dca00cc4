"""A finding about this machine: its state, what the absence of a thing means, and what to do. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

OK, WARNING, MISSING = "ok", "warning", "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """`means` and `fix` are empty if `state` is OK. `required`: the profile demands the thing."""

    what: str
    state: str
    found: str
    means: str = ""
    fix: str = ""
    required: bool = False


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Text for people: a line for each finding, followed by what it means and what to do."""
    for finding in findings:
        yield f"{finding.state:<8} {finding.what:<21} {finding.found}"
        if finding.state != OK:
            demanded = "the profile demands it; " if finding.required else ""
            yield f"{'':<30} means: {demanded}{finding.means}"
            yield f"{'':<30} do: {finding.fix}"


def verdict(findings: list[Finding], profile_id: str) -> dict[str, Any]:
    """As JSON: whether the machine has what the profile demands, and all findings."""
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
                "do": finding.fix,
                "required": finding.required,
            }
            for finding in findings
        ],
    }


def findings_summary(result: dict[str, Any]) -> str:
    """The last line: the number of findings by state, and what the profile lacks."""
    states = [finding["state"] for finding in result["findings"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in (OK, WARNING, MISSING))
    if result["ok"]:
        return f"{counts}; this machine has what the profile {result['profile_id']} demands"
    missing = ", ".join(result["lacking"])
    profile_id = result["profile_id"]
    return f"{counts}; this machine lacks what the profile {profile_id} demands: {missing}"
