"""Publishing what was bought, as one command; `scripts/publish_artifacts_release.py` is this."""
import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from platform.commands.common import add_json, add_places, open_session, show
from platform.errors import ForbiddenError, InputError, UsageError
from platform.publish.publish import DELIVERY_MISSING, Missing, Published, Shop, Store, publish
from platform.publish.select import Purchase, select
from platform.tasks.session import Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", default="", metavar="ID", help="this tenant's purchases only")
    parser.add_argument("--since", default="", metavar="TIME",
                        help="charged at this time or later, ISO 8601, UTC when it does not say (default: ever)")
    parser.add_argument("--no-publish", action="store_true",
                        help="simulate: pack below the runtime folder and record that it was a simulation")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when all that was bought is published; 1 when something of it is missing; 17 when the profile cannot."""
    since = journal_time(arguments.since)
    session = open_session(arguments)
    store = _store(session, arguments.no_publish)
    ledger = session.ledger
    session.take_lock()
    try:
        posts = ((record.ts, record.post) for record in ledger.records())
        due = select(posts, since=since, tenant_id=arguments.tenant_id, simulated=store.simulated)
        shop = Shop(session.repo.contracts, session.repo.reasons, session.runtime_dir, session.record)
        published, missing = publish(due, shop, store, ledger)
    finally:
        session.close()
    show(arguments, {"published": [_published(done) for done in published],
                     "missing": [_missing(lost) for lost in missing]}, _text(published, missing))
    return 1 if missing else 0


def journal_time(text: str) -> str:
    """A time as a person writes it, as the journal would: UTC, to the second. UsageError when it is none."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {text!r} is no time; write one like 2026-11-24T10:00:00Z") from error
    return in_utc.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _store(session: Session, simulated: bool) -> Store:
    wrong = [problem for problem in session.problems
             if not problem.warning and problem.place.file == session.profile.source.file]
    if wrong:
        raise InputError(wrong)
    if simulated:
        return Store(session.runtime_dir / "published", "file:published", simulated=True)
    settings = session.profile.release_store
    if settings.get("type") == "folder" and settings.get("dir"):
        return Store(session.root / settings["dir"], f"file:{settings['dir']}", simulated=False)
    raise ForbiddenError(f"{session.options.runtime_profile}: release_store {settings.get('type', 'none')} cannot take "
                         "uploads yet; use --no-publish, or a release_store of type folder with a dir")


def _row(purchase: Purchase) -> dict[str, Any]:
    return {**purchase.step._asdict(), "module_id": purchase.module_id, "deliverable_id": purchase.deliverable_id,
            "transaction_item_id": purchase.item_id}


def _published(done: Published) -> dict[str, Any]:
    return {**_row(done.purchase), "artifact_name": done.artifact.path.name, "sha256": done.artifact.sha256,
            "bytes": done.artifact.bytes, "uri": done.uri, "status": done.status}


def _missing(lost: Missing) -> dict[str, Any]:
    return {**_row(lost.purchase), "reason": DELIVERY_MISSING, "message": lost.message,
            "refunded_credits": lost.refunded_credits}


def _text(published: Sequence[Published], missing: Sequence[Missing]) -> str:
    lines = [f"{done.status}  {done.purchase}  {done.artifact.bytes} bytes  {done.uri}" for done in published]
    lines += [f"{DELIVERY_MISSING}  {lost.purchase}: {lost.message}"
              + (f"; {lost.refunded_credits} credits refunded" if lost.refunded_credits else "") for lost in missing]
    if not lines:
        return "nothing that was bought awaits publishing"
    word = published[0].status if published else "published"
    return "\n".join([*lines, f"{len(published)} {word}, {len(missing)} missing"])
