"""Publishing in a run: the destination, and an order's purchases that are not published yet.

The publishing script and the `publish:` tasks both use it."""
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from platform.app.billing import Billing
from platform.app.records import Records
from platform.app.snapshot import Snapshot
from platform.confined import Refused
from platform.errors import ForbiddenError, InputError
from platform.model.ids import OrderId, is_internal
from platform.model.words import in_credits
from platform.owned import owned, storage_error
from platform.publish.publish import Missing, PublishedPackage, PublishTarget, Shop, publish_all
from platform.publish.select import Purchase, awaits, bought
from platform.publish.shelf import Rehearsal, Shelf
from platform.releases.open import open_store
from platform.signing.open import open_signer


class Publishing:
    """Publishes the purchases of one run. Thread-safe."""

    def __init__(self, snapshot: Snapshot, records: Records, billing: Billing) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._bought: dict[tuple[str, str], Purchase] = {}
        self._lock = threading.Lock()

    @property
    def simulated(self) -> bool:
        """Whether the run does everything except the upload."""
        return self._snapshot.workspace.options.no_publish == "1"

    @cached_property
    def place(self) -> PublishTarget:
        """The destination. InputError if the profile has errors, ForbiddenError (17) if it has no
        store or no token for it."""
        workspace = self._snapshot.workspace
        profile, env = workspace.profile, dict(os.environ)
        wrong = [problem for problem in self._snapshot.problems
                 if not problem.warning and problem.place.file == profile.source.file]
        if wrong:
            raise InputError(wrong)
        staging = workspace.runtime_dir / "publishing"
        key = open_signer(profile.signing, workspace.root, env)
        if self.simulated:
            store = Rehearsal(workspace.runtime_dir / "published", "file:published")
            return PublishTarget(Shelf(store), "", key, staging, simulated=True)
        if profile.release_store.get("type") == "folder" and not profile.release_store.get("dir"):
            raise ForbiddenError(f"{workspace.options.runtime_profile}: release_store folder has "
                                 "no dir; set dir")
        opened = open_store(profile.release_store, workspace.root, env)
        if opened is None:
            raise ForbiddenError(f"{workspace.options.runtime_profile}: "
                                 f"{_why_not(profile.release_store)}; to simulate publishing, use "
                                 "--no-publish or `doit run publish no_publish=1`")
        return PublishTarget(
            Shelf(opened),
            profile.release_store.get("tag_prefix", ""),
            key,
            staging,
            simulated=False,
        )

    def purchases(self) -> list[Purchase]:
        """All purchases in the current journal, in the order of their charges."""
        records = self._billing.history.records()
        with self._lock:
            self._bought = bought((record.ts, record.post) for record in records)
            return list(self._bought.values())

    def due(self, order_id: OrderId) -> list[Purchase]:
        """The completed purchases of the order's current plan that are not published yet.

        Purchases that did not complete are not included: settling the order refunds them, or they
        keep their charge and run again."""
        order, book = self._snapshot.plan.orders[order_id], self._billing.history.book
        runs = self._records.of_order(order)
        done = [
            step
            for step in order.steps
            if step.id.step_id in runs and runs[step.id.step_id].completed
        ]
        wanted = [(step.task_hash, name) for step in done for name in step.deliverables
                  if not is_internal(name) and book.paid(step.task_hash, name) is not None]
        if any(
            key not in self._bought or self._bought[key].refund_epoch != book.epoch(*key)
            for key in wanted
        ):
            self.purchases()  # read the journal once, and again only after new charges
        return [
            self._bought[key]
            for key in wanted
            if awaits(self._bought[key], book, simulated=self.simulated)
        ]

    def publish(
        self, purchases: Iterable[Purchase]
    ) -> tuple[list[PublishedPackage], list[Missing]]:
        repo, runtime_dir, place = (
            self._snapshot.repo,
            self._snapshot.workspace.runtime_dir,
            self.place,
        )
        shop = Shop(repo.contracts, repo.reasons, runtime_dir, self._records.newest)
        try:
            with owned(runtime_dir, place.staging.name, make=True) as staging:
                return publish_all(
                    purchases, shop, replace(place, staging=staging.path), self._billing.ledger
                )
        except Refused as error:
            raise storage_error(place.staging, "be made", error) from error


def line(outcome: PublishedPackage | Missing) -> str:
    """The outcome of one purchase, as a line for users."""
    if isinstance(outcome, PublishedPackage):
        return (
            f"{outcome.status:<12} {outcome.purchase}  {outcome.artifact.bytes} bytes  "
            f"{outcome.uri}"
        )
    back = f"; {in_credits(outcome.refunded_credits)} refunded" if outcome.refunded_credits else ""
    return f"{outcome.reason:<12} {outcome.purchase}: {outcome.message}{back}"


def _why_not(settings: Mapping[str, Any]) -> str:
    if settings.get("type") == "github":
        return ("release_store github is offline without its token; set "
                f"{settings.get('token_env', 'token_env')} in the environment")
    return "release_store none has no releases; set its type to folder or github"
