"""One run's view of the repository: what was read, planned and posted, each looked up once and kept.

There is one session a process; doit's callables are module-level functions and reach it through `current()`.
Everything in it is opened when first asked for: `doit list` opens no ledger.
"""
import os
import sys
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path

from platform.app import cached, lock
from platform.app.charges import Charges
from platform.app.deliveries import Deliveries
from platform.app.guard import Guard
from platform.app.holding import Holding
from platform.app.preflight import missing_secrets
from platform.app.publishing import Publishing
from platform.app.sharing import Sharing
from platform.check import check
from platform.check.say import about_draft
from platform.config.folders import order_ids
from platform.config.load import load_profile, load_repo
from platform.config.valid import Valid
from platform.errors import InputError, PlatformError, UsageError
from platform.errors import __file__ as errors_file
from platform.files import Digests
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.payments import unsettled
from platform.maintain.facts import PROFILES, Facts
from platform.model.ids import STEP, OrderId, StepId, matches
from platform.model.plan import Plan, PlannedOrder, PlannedStep
from platform.model.prices import Payment
from platform.model.problem import Problem
from platform.model.repo import Repo
from platform.model.run import RunRecord, Status
from platform.plan.expand import expand
from platform.run import ordered
from platform.run.context import RunContext
from platform.run.inputs import module_code, went_in_digest
from platform.run.records import read_record
from platform.run.worker import stop_all

PAYMENTS = "config/payments.csv"
PAID_BY = (PAYMENTS, "config/topup_methods.csv")  # a payment counts when its method is known


@dataclass(frozen=True, slots=True)
class Options:
    """Where things are; empty means what the profile says. Folders are relative to the repository's root."""

    runtime_profile: str = "config/runtime_profile.yml"
    billing_state_dir: str = ""
    runtime_dir: str = ""
    quote: str = ""  # a saved quote that the run is held to
    no_publish: str = ""  # 1: `publish:` tasks simulate

    def __post_init__(self) -> None:
        """UsageError before anything runs: a run that was meant to simulate must not publish."""
        if self.no_publish not in ("", "0", "1"):
            raise UsageError(f"no_publish={self.no_publish} is neither 1 nor 0; write no_publish=1 to simulate")


class Session:
    """Errors of reading are in `problems`; errors of the ledger and the disk are raised by what touches them."""

    def __init__(self, root: Path, options: Options) -> None:
        self.root = root = root.resolve()  # nothing below is opened through a link (`confined`)
        self.options = options
        self.now = datetime.now(UTC)
        self.profile, self.profile_problems = load_profile(root, root / options.runtime_profile)
        self.runtime_dir = (root / (options.runtime_dir or self.profile.runtime_dir)).resolve()
        self.billing_state_dir = root / (options.billing_state_dir or self.profile.billing_state_dir)
        self.only: Collection[OrderId] | None = None  # the orders that the command line asks for; None for all
        self.asked_steps: dict[OrderId, list[str]] = {}  # steps asked for without their order
        self.always = False  # `doit run -a`: steps run although they are done
        self.resend_repaired = self.profile.repairs == "resend"  # or `doit run --resend-repaired`
        self.retry_failed = False  # `doit run --retry-failed`
        self.problems_told = False  # `check` has printed them in this run
        self.exit_statuses: list[int] = []  # of the tasks that failed for a reason of ours
        self._records: dict[StepId, RunRecord | None] = {}
        self.left_to_settle: set[OrderId] = set()  # orders of which steps ran, until they are settled
        self._steps_ran = False
        self._lock = threading.RLock()
        self._held: int | None = None

    def shown(self, path: Path) -> str:
        """A path as people type it: relative to the repository where it lies inside."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    # what was read

    @cached_property
    def digests(self) -> Digests:
        return Digests(self.runtime_dir / "digests.json")

    @cached_property
    def repo(self) -> Repo:
        return load_repo(self.root, self.profile, self.digests, only=self.only, valid=self._valid)

    @cached_property
    def _valid(self) -> Valid:
        return Valid(self.runtime_dir / "valid.json")

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong with what was read, warnings included, sorted by place."""
        found = (*self.profile_problems, *check(self.repo, self.now.date()), *missing_secrets(self.repo, os.environ))
        return tuple(sorted(found))

    @property
    def run_problems(self) -> tuple[Problem, ...]:
        """The problems that a run prints: warnings about drafts belong to `consistency-validate`."""
        return tuple(problem for problem in self.problems if not about_draft(self.repo, problem))

    @cached_property
    def plan(self) -> Plan:
        return expand(self.repo, self.problems, self.now, self.only)

    @cached_property
    def _steps(self) -> dict[StepId, PlannedStep]:
        return {step.id: step for order in self.plan.orders.values() for step in order.steps}

    def step(self, step_id: StepId) -> PlannedStep:
        """A planned step by its id; KeyError when the plan has none."""
        return self._steps[step_id]

    @cached_property
    def facts(self) -> Facts:
        """What derived files are made of. InputError when one of the profiles is wrong."""
        read = [load_profile(self.root, file) for file in sorted(self.root.glob(PROFILES))]
        if problems := [problem for _, found in read for problem in found if not problem.warning]:
            raise InputError(problems)
        return Facts(self.repo, partial(module_code, self.context), tuple(profile for profile, _ in read))

    # what was run

    @cached_property
    def context(self) -> RunContext:
        return RunContext(root=self.root, runtime_dir=self.runtime_dir, profile=self.profile, digests=self.digests,
                          env=dict(os.environ), now=lambda: datetime.now(UTC), record=self.record,
                          reasons=self.repo.reasons,
                          assets={key: self.root / asset.file for key, asset in self.repo.assets.items()})

    def record(self, step_id: StepId) -> RunRecord | None:
        """The step's run record, read once; None when it never ran."""
        if step_id not in self._records:
            self._records[step_id] = read_record(self.runtime_dir, step_id)
        return self._records[step_id]

    def records_of(self, order: OrderId) -> tuple[RunRecord, ...]:
        """The records of all steps that ever ran for the order and lie there, of whatever plan."""
        folder = self.runtime_dir.joinpath(*order)
        names = sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []
        found = (self.record(StepId(*order, name)) for name in names if matches(STEP, name))
        return tuple(record for record in found if record)

    def remember(self, record: RunRecord) -> None:
        """A step has just ended: its record is this one now, and what was ordered outlives it."""
        self._records[record.id] = record
        self._steps_ran = True
        self.left_to_settle.add(record.id.order)
        planned = self._steps.get(record.id)
        failed = record.status is Status.FAILED and planned is not None
        went_in = record.inputs_digest or went_in_digest(self.context, planned) if failed and planned else ""
        ordered.keep(self.runtime_dir, record, went_in)

    def run(self, planned: PlannedStep) -> RunRecord | None:
        """The step's record if it speaks of this plan: of the same task hash."""
        record = self.record(planned.id)
        return record if record and record.task_hash == planned.task_hash else None

    def runs(self, order: PlannedOrder) -> dict[str, RunRecord]:
        """The records that speak of this plan, by step id."""
        found = {step.id.step_id: self.run(step) for step in order.steps}
        return {name: record for name, record in found.items() if record}

    # what was paid

    @cached_property
    def ledger(self) -> Ledger:
        with self._lock:
            return Ledger.open(self.billing_state_dir)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self)

    @cached_property
    def holding(self) -> Holding:
        return Holding(self)

    @property
    def has_ledger(self) -> bool:
        """Whether the billing state exists; asking does not make it."""
        return Ledger.exists(self.billing_state_dir)

    @cached_property
    def guard(self) -> Guard:
        return Guard(self)

    def make_ledger(self) -> None:
        """Make the billing state when there is none and never was one. StaleError when this one is not the one that was
        used before: everything that posts asks for it first."""
        with self._lock:
            self.guard.check()
            if "ledger" not in self.__dict__:
                self.ledger = Ledger.create(self.billing_state_dir)

    def checkpoint(self) -> None:
        """Bring the ledger's tables up to date, and remember where it stands."""
        self.ledger.checkpoint()
        self.guard.keep(durable=True)

    @cached_property
    def sharing(self) -> Sharing:
        return Sharing(self)

    @cached_property
    def charges(self) -> Charges:
        return Charges(self)

    def wrong_in(self, *files: str) -> tuple[Problem, ...]:
        """The errors in files that were read, named from the repository's root."""
        return tuple(problem for problem in self.problems
                     if problem.place.file in files and not problem.warning)

    @property
    def payments(self) -> tuple[Payment, ...]:
        """The payments without those that something is wrong with, or whose method is not known to be one: what cannot
        be understood is not posted."""
        wrong = {problem.place.line for problem in self.wrong_in(PAYMENTS)}
        return tuple(payment for payment in self.repo.payments if payment.place.line not in wrong
                     and payment.topup_method_id in self.repo.topup_methods)

    @property
    def open_payments(self) -> tuple[Payment, ...]:
        """The payments without those that were edited after they were posted and settled by corrections."""
        return unsettled(self.ledger, self.payments) if self.has_ledger else self.payments

    @cached_property
    def publishing(self) -> Publishing:
        return Publishing(self)

    # the run itself

    def take_lock(self) -> None:
        """Hold the runtime folder until `close`; waits for another run and says so. A run is for the period in which it
        starts, not for the one in which it began to wait."""
        self._held = lock.acquire(self.runtime_dir, lock.command_line(), lambda line: sys.stderr.write(line + "\n"))
        self.now = datetime.now(UTC)

    def close(self) -> None:
        """Keep what was learnt for the next run, publish, and let it in, also when one of these is refused."""
        stop_all()
        try:
            try:
                if "ledger" in self.__dict__:
                    self.checkpoint()
                self.sharing.publish()
            finally:
                if self._steps_ran:
                    cached.after_run(self)
        finally:
            self.digests.save()
            self._valid.save()
            if self._held is not None:
                lock.release(self._held)
                self._held = None


_current: Session | None = None


def start(root: Path, options: Options | None = None) -> Session:
    """Make a session this process's own. Called by dodo.py when it is read, so each doit run has a fresh one."""
    global _current
    if (root / "platform" / "errors.py").is_file() and not (root / "platform" / "errors.py").samefile(errors_file):
        raise UsageError(f"{root}: this virtual environment is another checkout's ({Path(errors_file).parent.parent}); "
                         "run scripts/setup here and use .venv/bin/doit")
    _current = Session(root, options or from_command_line())
    return _current


def current() -> Session:
    """This process's session; RuntimeError before `start`."""
    if _current is None:
        raise RuntimeError("no session: dodo.py starts it")
    return _current


def left_to_settle() -> list[OrderId]:
    """The orders of this process's session of which steps ran and that were not settled after that."""
    return list(_current.left_to_settle) if _current else []


def finish() -> list[int]:
    """Close this process's session, if there is one; the exit statuses of what failed in it, closing it among them."""
    if _current is None:
        return []
    try:
        _current.close()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        _current.exit_statuses.append(error.exit_status)
    return _current.exit_statuses


def from_command_line() -> Options:
    """Options as doit's variables: `doit run runtime_dir=runtime-e2e billing_state_dir=.billing-state-e2e`. UsageError
    for a variable that is none of ours: a mistyped one must not run on the real state."""
    from doit import doit_cmd

    given = dict(doit_cmd._CMDLINE_VARS or {})
    known = [field.name for field in fields(Options)]
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise UsageError(f"{unknown[0]}= is no variable of this graph; known: {', '.join(known)}")
    return Options(**{name: value for name, value in given.items() if value})


def known_orders(root: Path) -> Iterable[OrderId]:
    """The ids of all work order files, by their names alone: nothing is read."""
    return order_ids(root)
