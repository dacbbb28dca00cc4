"""`artifacts`: list or fetch the packages published for a tenant, for readers who may read them."""
import argparse
from pathlib import Path
from typing import Any

from platform.app.run import Run
from platform.check.words import suggestion
from platform.commands.common import add_json, add_order, add_places, named, open_run, show
from platform.errors import CorruptError, ForbiddenError, UsageError
from platform.publish.publish import PublishTarget
from platform.publish.shared import UNAUTHORIZED, Evidence, may_read, published
from platform.publish.verify import verify_artifact


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--reader-id", default="", metavar="ID",
                        help="the tenant that reads them (default: the owner); the owner's "
                             "allow_release_consumers must name it")
    parser.add_argument("--fetch", default="", metavar="DIR",
                        help="download the packages and statements to DIR, and check each package "
                             "against its statement")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, 17 if the reader has no permission, or 13 if the release differs from what
    was published."""
    asked = named(arguments)
    if not asked.tenant_id:
        raise UsageError("whose packages? name a tenant or one of its orders")
    run = open_run(arguments)
    _allowed(run, asked.tenant_id, arguments.reader_id or asked.tenant_id)
    posts = ((record.ts, record.post) for record in run.billing.history.records())
    found = tuple(evidence for evidence in published(posts, *asked.order)
                  if asked.covers(evidence.purchase.step))
    if arguments.fetch:
        for evidence in found:
            _fetch(run.publishing.place, evidence, Path(arguments.fetch))
    show(
        arguments,
        {"artifacts": [_row(evidence) for evidence in found]},
        _text(found, arguments.fetch),
    )
    return 0


def _allowed(run: Run, owner_id: str, reader_id: str) -> None:
    for name in (owner_id, reader_id):
        if name not in run.snapshot.repo.tenants:
            raise UsageError(
                f"{name}: no such tenant; "
                f"{suggestion(name, run.snapshot.repo.tenants, 'see tenants/')}"
            )
    if not may_read(run.snapshot.repo.tenants[owner_id], reader_id):
        raise ForbiddenError(f"{UNAUTHORIZED}: {owner_id} does not share its releases with "
                             f"{reader_id}; add the reader to allow_release_consumers in its "
                             "tenant.yml")


def _fetch(place: PublishTarget, evidence: Evidence, folder: Path) -> None:
    """Download a package and its statement. Both must match the ledger; otherwise neither is
    kept."""
    tag, names = (
        evidence.purchase.release(place.prefix),
        (evidence.artifact_name, evidence.purchase.statement_name),
    )
    package, statement = (folder / name for name in names)
    assets = place.shelf.store.assets(tag) or {}
    for name in names:
        if name not in assets:
            raise CorruptError(f"{place.shelf.store.uri}/{tag}/{name}: was published and is "
                               "missing; restore the release, or name the profile that it was "
                               "published with")
    if assets[package.name].sha256 != evidence.sha256:
        raise CorruptError(f"{assets[package.name].uri}: differs from what the ledger says was "
                           "published; restore the release")
    for name in names:
        place.shelf.store.download(tag, assets[name], folder / name)
    try:
        verify_artifact(package, statement, place.key.public if place.key else None)
    except CorruptError:
        package.unlink()
        statement.unlink()
        raise


def _row(evidence: Evidence) -> dict[str, Any]:
    return {
        **evidence.purchase.step._asdict(),
        "deliverable_id": evidence.purchase.deliverable_id,
        "artifact_name": evidence.artifact_name,
        "sha256": evidence.sha256,
        "bytes": evidence.bytes,
        "uri": evidence.uri,
        "published_at": evidence.published_at,
    }


def _text(found: tuple[Evidence, ...], folder: str) -> str:
    lines = [
        f"{evidence.purchase}  {evidence.bytes} bytes  {evidence.published_at}  "
        f"{Path(folder, evidence.artifact_name) if folder else evidence.uri}"
        for evidence in found
    ]
    return "\n".join(lines) or "nothing is published"
