"""`cache-prune`: delete expired and incomplete cached results, and rewrite cache_index.csv.

It prunes the local cache and the cache of GitHub Actions."""
import argparse
import os
from collections.abc import Callable
from typing import Any

from platform.app.cached import local_entries, write_index
from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_workspace, show
from platform.errors import InputError, UsageError
from platform.retention import actions, local
from platform.retention.entry import ACTIONS, LOCAL, CacheEntry, why_delete

_OFFLINE = ("the Actions cache was not checked: the profile's release_store is not GitHub's, or "
            "its token is not set")
_Found = dict[str, tuple[list[CacheEntry], Callable[[CacheEntry], None]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--place", choices=("local", "actions", "all"), default="all",
                        help="local: the runtime directory; actions: GitHub's cache, if the "
                             "profile names a repository and its token is set; all (default): "
                             "every one of the two that is available")
    parser.add_argument("--dry-run", action="store_true",
                        help="print what would be deleted; delete and write nothing")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0; 15 or 16 if a place refuses a deletion. Entries deleted before the refusal
    remain deleted; the next prune continues."""
    workspace = open_workspace(arguments)
    if errors := [problem for problem in workspace.profile_problems if not problem.warning]:
        raise InputError(errors)  # the retention is unknown
    run = Run(workspace) if arguments.dry_run else Run.locked(workspace)
    try:
        return _prune(run, arguments)
    finally:
        run.close()


def _prune(run: Run, arguments: argparse.Namespace) -> int:
    found = _look(run, arguments.place)
    over = [(entry, why, delete) for entries, delete in found.values() for entry in entries
            if (why := why_delete(entry, run.snapshot.now))]
    gone: list[CacheEntry] = []
    try:
        for entry, _, delete in () if arguments.dry_run else over:
            delete(entry)
            gone.append(entry)
    finally:
        if not arguments.dry_run:
            left = [
                entry for entries, _ in found.values() for entry in entries if entry not in gone
            ]
            with run.locks.index():  # with what runs have added meanwhile
                write_index(run.workspace, run.billing, _listed(run, left), found)
    kept = sum(len(entries) for entries, _ in found.values()) - len(over)
    result = {"dry_run": arguments.dry_run, "places": list(found), "kept": kept,
              "deleted": [_as_json(entry, why) for entry, why, _ in over]}
    word = "to delete" if arguments.dry_run else "deleted"
    lines = [f"{word:<9} {entry.place:<8} {entry.type:<8} {entry.ref}  {why}"
             for entry, why, _ in over]
    offline = [_OFFLINE] if ACTIONS not in found and arguments.place == "all" else []
    show(arguments, result, "\n".join([*lines, f"{len(over)} {word}, {kept} kept", *offline]))
    return 0


def _look(run: Run, place: str) -> _Found:
    """The entries of each requested place, and the function that deletes one there."""
    found: _Found = {}
    if place != ACTIONS:
        found[LOCAL] = local_entries(run.workspace), local.delete
    if place != LOCAL:
        cache = actions.open_cache(run.workspace.profile, os.environ)
        if cache is not None:
            found[ACTIONS] = (
                actions.entries(cache.listed(), run.workspace.profile.cache_retention),
                cache.delete,
            )
        elif place == ACTIONS:
            raise UsageError(f"--place actions: {_OFFLINE}")
    return found


def _listed(run: Run, left: list[CacheEntry]) -> list[CacheEntry]:
    """The entries of the index: this machine's as they are now, and those left elsewhere."""
    return [*(entry for entry in left if entry.place != LOCAL), *local_entries(run.workspace)]


def _as_json(entry: CacheEntry, why: str) -> dict[str, Any]:
    place, type_, ref, created_at, expires_at = entry.row
    return {
        "place": place,
        "type": type_,
        "ref": ref,
        "created_at": created_at,
        "expires_at": expires_at,
        "why": why,
    }
