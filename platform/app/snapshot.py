"""A repository at one moment, for the orders of one scope: its values, their problems, the plan.

Each part is read once, when it is first needed. Errors of reading are in `problems`.
"""
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias

from platform.app.preflight import missing_packages, missing_secrets
from platform.app.workspace import Workspace
from platform.check import check
from platform.check.problems import is_about_draft
from platform.check.values import knowing
from platform.config.load import REASONS, load_repo
from platform.config.valid import Valid
from platform.files import Digests
from platform.model.ids import OrderId, StepId
from platform.model.plan import Plan, PlannedStep
from platform.model.prices import Payment
from platform.model.problem import Problem
from platform.model.repo import Repo
from platform.plan.expand import expand

PAYMENTS = "config/payments.csv"
PAID_BY = (PAYMENTS, "config/topup_methods.csv")  # a payment counts only if its method exists
STATE_NEEDS = (*PAID_BY, REASONS)  # a reason decides what orders that are gone get back

Scope: TypeAlias = Collection[OrderId]  # None: all orders


@dataclass(frozen=True, slots=True)
class Caches:
    """Results of reading that speed up the next run. Losing them only costs time."""

    digests: Digests
    valid: Valid

    @classmethod
    def of(cls, workspace: Workspace) -> "Caches":
        return cls(Digests(workspace.runtime_dir / "digests.json"), workspace.valid)

    def save(self) -> None:
        self.digests.save()
        self.valid.save()


class Snapshot:
    """The repository at `now`, an aware time, limited to the orders of `scope` (None: all)."""

    def __init__(
        self,
        workspace: Workspace,
        scope: Scope | None = None,
        now: datetime | None = None,
        caches: Caches | None = None,
    ) -> None:
        self.workspace = workspace
        self.scope = scope
        self.now = now or datetime.now(UTC)
        self.caches = caches or Caches.of(workspace)

    def narrowed(self, scope: Scope | None) -> "Snapshot":
        """The snapshot at the same moment, with another scope."""
        return Snapshot(self.workspace, scope, self.now, self.caches)

    @cached_property
    def repo(self) -> Repo:
        return load_repo(
            self.workspace.root,
            self.workspace.profile,
            self.caches.digests,
            only=self.scope,
            valid=self.caches.valid,
        )

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All errors and warnings of what was read, sorted by file and line."""
        with knowing(self.caches.valid):
            of_repo = check(self.repo, self.now.date())
        found = (*self.workspace.profile_problems, *of_repo,
                 *missing_secrets(self.repo, os.environ), *missing_packages(self.repo, os.environ))
        return tuple(sorted(found))

    @property
    def run_problems(self) -> tuple[Problem, ...]:
        """The problems that a run prints. Only `consistency-validate` prints warnings about
        drafts."""
        return tuple(problem for problem in self.problems if not is_about_draft(self.repo, problem))

    def wrong_in(self, *files: str) -> tuple[Problem, ...]:
        """The errors in these files. Paths are relative to the repository's root."""
        return tuple(problem for problem in self.problems
                     if problem.place.file in files and not problem.warning)

    @cached_property
    def plan(self) -> Plan:
        return expand(self.repo, self.problems, self.now, self.scope)

    @cached_property
    def _steps(self) -> dict[StepId, PlannedStep]:
        return {step.id: step for order in self.plan.orders.values() for step in order.steps}

    def step(self, step_id: StepId) -> PlannedStep:
        """The planned step with this id. KeyError if the plan does not contain it."""
        return self._steps[step_id]

    def planned(self, step_id: StepId) -> PlannedStep | None:
        """The planned step with this id; None if the plan does not contain it."""
        return self._steps.get(step_id)

    @property
    def payments(self) -> tuple[Payment, ...]:
        """The payments that can be posted: their rows have no errors, and their methods exist."""
        wrong = {problem.place.line for problem in self.wrong_in(PAYMENTS)}
        return tuple(payment for payment in self.repo.payments if payment.place.line not in wrong
                     and payment.topup_method_id in self.repo.topup_methods)
