"""GitHub's answers about a repository's settings, and which of them could not be read."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Read:
    """GitHub's answer to one question.

    `unreadable` says why there is no answer. A 404 that means "does not exist" is the value None.
    """

    value: Any = None
    unreadable: str = ""


class Unreadable(Exception):
    """An answer that a rule needs could not be read; `args[0]` says why."""


class Answers:
    """The answers by question. A rule that needs an unreadable answer ends with Unreadable."""

    def __init__(self, read: Mapping[str, Read]) -> None:
        self._read = read

    def get(self, question: str) -> Any:
        answer = self._read.get(question, Read(unreadable="it was not read"))
        if answer.unreadable:
            raise Unreadable(f"{question}: {answer.unreadable}")
        return answer.value

    def rules(self) -> dict[str, dict[str, Any]]:
        """The rules that rulesets apply to the default branch: parameters by type."""
        found: dict[str, dict[str, Any]] = {}
        for rule in self.get("branch_rules") or ():
            found.setdefault(rule["type"], {}).update(rule.get("parameters") or {})
        return found

    def protection(self) -> dict[str, Any]:
        """The classic protection of the default branch; empty without one."""
        return dict(self.get("protection") or {})

    def pull_request(self) -> dict[str, Any]:
        """What a pull request to the default branch needs, by the stricter kind of protection."""
        rule, classic = (
            self.rules().get("pull_request"),
            self.protection().get("required_pull_request_reviews"),
        )
        both = [found for found in (rule, classic) if found is not None]
        return {
            "approvals": max(
                (found.get("required_approving_review_count") or 0 for found in both), default=0
            ),
            "code_owners": any(
                found.get("require_code_owner_review") or found.get("require_code_owner_reviews")
                for found in both
            ),
            "last_push": any(found.get("require_last_push_approval") for found in both),
            "stale": any(
                found.get("dismiss_stale_reviews_on_push") or found.get("dismiss_stale_reviews")
                for found in both
            ),
        }
