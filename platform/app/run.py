"""One run: what a command line does with a snapshot of a workspace, and the results.

    Workspace   directories and profile            frozen
    Snapshot    repository, problems, plan         read once, never written
    Run         lock, records, ledger, statuses    what happens

A run is passed to the functions that need it; nothing about it is global. Its parts are created
when they are first needed, so `doit list` opens no ledger. A part knows the parts below it, but not
the run.
"""
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path

from platform.app import cached, lock
from platform.app.at_work import AtWork
from platform.app.billing import Billing
from platform.app.charges import Charges
from platform.app.deliveries import Deliveries
from platform.app.guard import Guard
from platform.app.history import RunHistory
from platform.app.holder import command_line
from platform.app.holding import Allowed, Holding
from platform.app.order_locks import OrderLocks
from platform.app.orphans import Orphans
from platform.app.publishing import Publishing
from platform.app.records import Records
from platform.app.sharing import Sharing
from platform.app.snapshot import Caches, Scope, Snapshot
from platform.app.workspace import Workspace
from platform.config.load import load_profile
from platform.errors import InputError
from platform.ledger.journal.payments import unsettled
from platform.maintain.facts import PROFILES, RepositoryFacts
from platform.model.ids import OrderId, StepId
from platform.model.prices import Payment
from platform.model.run import RunRecord, Status
from platform.ports.executor import Executor
from platform.redact import Redactor
from platform.run import ordered
from platform.run.context import RunContext
from platform.run.executors import executor_of
from platform.run.inputs import module_code, went_in_digest


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of a command line. `scope`: the orders to read. `buys`: the orders to charge.
    None: all."""

    scope: Scope | None = None
    buys: Collection[OrderId] | None = None
    allowed: Allowed = field(default_factory=Allowed)


class Run:
    """One run. Call `close` at its end.

    Errors of reading are values (`snapshot.problems`). Errors of the ledger and the disk are raised
    by the part in which they occur."""

    def __init__(
        self,
        workspace: Workspace,
        asked: Asked | None = None,
        *,
        now: datetime | None = None,
        caches: Caches | None = None,
        billing: Billing | None = None,
        locks: OrderLocks | None = None,
        held: Collection[OrderId] = (),
    ) -> None:
        """`locks`: those of the whole command, if it makes several runs. `held`: orders that it
        has locked before this run reads anything."""
        self.workspace = workspace
        self.asked = asked = asked or Asked()
        self.allowed = replace(asked.allowed, resend_repaired=asked.allowed.resend_repaired
                               or workspace.profile.repairs == "resend")
        self.snapshot = Snapshot(workspace, asked.scope, now, caches)
        self.records = Records(workspace.runtime_dir)
        self.billing = billing or Billing(workspace.billing_state_dir)
        self.statuses: list[int] = []  # exit statuses of PLATFORM's own failures
        self.left_to_settle: set[OrderId] = set()  # orders with steps that ran, until settled
        # the records of the steps that ended in this run
        self.ended_here: dict[StepId, RunRecord] = {}
        self.problems_printed = False  # `check` has printed them
        self._steps_ran = False
        self._held: int | None = None
        self.locks = locks or OrderLocks(workspace.runtime_dir, command_line())
        self._own_locks = locks is None
        self.at_work = AtWork(self.locks, held)

    @classmethod
    def looking(cls, workspace: Workspace, asked: Asked | None = None) -> "Run":
        """A run that reads the ledger without its lock and without permission to write.
        `billing.ledger` opens the ledger for posting."""
        return cls(workspace, asked, billing=Billing(workspace.billing_state_dir, looks=True))

    @classmethod
    def locked(cls, workspace: Workspace, asked: Asked | None = None, *, alone: bool = False,
               locks: OrderLocks | None = None, held: Collection[OrderId] = ()) -> "Run":
        """Share the runtime directory with other runs until `close`, or have it `alone`. If
        another process prevents it, print that and wait.

        A run belongs to the period in which it starts, not the one in which it began to wait."""
        handle = _lock(workspace, shared=not alone)
        run = cls(workspace, asked, locks=locks, held=held)
        run._held = handle
        return run

    def lock(self) -> None:
        """As `locked`, for a run that has read something before it waits."""
        self._held = _lock(self.workspace, shared=True)

    def narrowed(self, scope: Scope | None) -> "Run":
        """The run for other orders, with the same moment, ledger and caches. It reads the records
        again."""
        return Run(
            self.workspace,
            replace(self.asked, scope=scope, allowed=self.allowed),
            now=self.snapshot.now,
            caches=self.snapshot.caches,
            billing=self.billing,
        )

    @cached_property
    def executor(self) -> Executor:
        """Where the modules of this run execute."""
        return executor_of(self.workspace.profile)

    @cached_property
    def context(self) -> RunContext:
        """The context of this run's steps: directories, profile, environment, clock."""
        workspace, repo = self.workspace, self.snapshot.repo
        return RunContext(
            root=workspace.root,
            runtime_dir=workspace.runtime_dir,
            profile=workspace.profile,
            digests=self.snapshot.caches.digests,
            env=dict(os.environ),
            now=partial(datetime.now, UTC),
            record=self.records.newest,
            executor=self.executor,
            stopped=lambda step_id: self.history.tasks.step_stopped(step_id),
            reasons=repo.reasons,
            assets={key: workspace.root / asset.file for key, asset in repo.assets.items()},
            module_dirs={name: Path(folder) for name, folder in repo.module_dirs.items()},
        )

    @cached_property
    def facts(self) -> RepositoryFacts:
        """The data from which the derived files are written. InputError if a profile has errors."""
        root = self.workspace.root
        read = [load_profile(root, file) for file in sorted(root.glob(PROFILES))]
        if problems := [problem for _, found in read for problem in found if not problem.warning]:
            raise InputError(problems)
        return RepositoryFacts(
            self.snapshot.repo,
            partial(module_code, self.context),
            tuple(profile for profile, _ in read),
        )

    @cached_property
    def history(self) -> RunHistory:
        """What this run did, for `runs`. Whoever ends the run closes it with the exit status."""
        return RunHistory(
            self.workspace.runtime_dir,
            self.workspace.profile.history,
            self.snapshot.now,
            planned=lambda step_id: self.snapshot.planned(step_id),
            redact=self._without_secrets,
        )

    def _without_secrets(self, text: str) -> str:
        """A text without the values of the secrets that modules or the platform receive."""
        names = self.workspace.profile.own_secrets.union(
            secret.name
            for contract in self.snapshot.repo.contracts.values()
            for secret in contract.secrets
        )
        return Redactor(filter(None, map(os.environ.get, names))).text(text)

    @cached_property
    def guard(self) -> Guard:
        return Guard(self.snapshot, self.records, self.billing)

    @cached_property
    def sharing(self) -> Sharing:
        return Sharing(self.workspace, self.billing, self.guard, self.statuses)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.billing, self.records)

    @cached_property
    def holding(self) -> Holding:
        return Holding(
            self.snapshot, self.records, self.billing, self.deliveries, self.context, self.allowed
        )

    @cached_property
    def charges(self) -> Charges:
        charges = Charges(self.snapshot, self.records, self.billing, self.holding, self.guard,
                          self.at_work, buys=self.asked.buys)
        self.sharing.on_exchange(charges.forget)
        return charges

    @cached_property
    def orphans(self) -> Orphans:
        return Orphans(self.snapshot, self.records, self.billing, lambda: self.sharing.is_shared)

    @cached_property
    def publishing(self) -> Publishing:
        return Publishing(self.snapshot, self.records, self.billing)

    @property
    def open_payments(self) -> tuple[Payment, ...]:
        """The payments, except those that were edited after posting and settled by corrections."""
        payments = self.snapshot.payments
        return unsettled(self.billing.history, payments) if self.billing.exists else payments

    def remember(self, record: RunRecord, *, kept: bool = True) -> None:
        """Use the record of a step that has just ended, and store what was ordered.

        `kept` False: the record could not be written to its path, so nothing else is written there.

        Raises:
            Displaced: a link is at the path of the order's data.
            StorageError: the disk reports an error.
        """
        self.records.keep(record)
        self.ended_here[record.id] = record
        self._steps_ran = True
        self.left_to_settle.add(record.id.order)
        if not kept:
            return
        planned = self.snapshot.planned(record.id)
        failed = record.status is Status.FAILED and planned is not None
        went_in = (
            record.inputs_digest or went_in_digest(self.context, planned)
            if failed and planned
            else ""
        )
        ordered.keep(self.workspace.runtime_dir, record, went_in)

    def make_ledger(self) -> None:
        """Create the billing state if none exists and none existed before.

        StaleError if the state is not the one that was used before. Every command that posts calls
        this first."""
        self.guard.check()
        self.billing.create()

    def checkpoint(self) -> None:
        """Update the ledger's tables, and remember its last post."""
        self.billing.ledger.checkpoint()
        self.guard.keep(durable=True)

    def close(self) -> None:
        """Save the caches for the next run, publish, and release the locks. If one of these
        fails, the others are still done."""
        self.executor.shutdown()
        try:
            try:
                if self.billing.is_open:
                    self.checkpoint()
                self.sharing.publish()
            finally:
                if self._steps_ran:
                    with self.locks.index():
                        cached.after_run(self.workspace, self.billing)
        finally:
            self.snapshot.caches.save()
            self.release()

    def release(self) -> None:
        """Release the locks, as the end of the process does."""
        self.at_work.release_all()
        if self._own_locks:
            self.locks.close()
        if self._held is not None:
            lock.release(self._held)
            self._held = None


def say(line: str) -> None:
    """Print that this process waits, and for which one."""
    sys.stderr.write(f"{line}\n")


def _lock(workspace: Workspace, *, shared: bool) -> int:
    return lock.acquire(workspace.runtime_dir, command_line(), say, shared=shared)
