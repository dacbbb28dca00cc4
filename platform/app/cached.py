"""cache_index.csv of a billing state: the cached results after a run or a prune, and their
expiry."""
from collections.abc import Collection, Iterable

from platform.app.billing import Billing
from platform.app.workspace import Workspace
from platform.config.load import load_contracts
from platform.files import write_atomic
from platform.retention import local
from platform.retention.entry import INDEX, LOCAL, CacheEntry, index


def local_entries(workspace: Workspace) -> list[CacheEntry]:
    """The cached results on this machine.

    Only the contracts are read: errors in other files do not stop a prune, and a run of one order
    also knows the modules of other orders."""
    contracts = load_contracts(workspace.root)
    return list(local.entries(workspace.runtime_dir, contracts, workspace.profile.cache_retention))


def write_index(
    workspace: Workspace,
    billing: Billing,
    entries: Iterable[CacheEntry],
    looked_at: Collection[str],
) -> None:
    """Write the index next to the ledger, if a ledger exists and the index has changed."""
    if not billing.exists:
        return
    path = workspace.billing_state_dir / INDEX
    old = path.read_bytes() if path.is_file() else b""
    data = index(entries, looked_at, old)
    if data != old:
        write_atomic(path, data)


def after_run(workspace: Workspace, billing: Billing) -> None:
    """Update the index after steps ran: list this machine's entries again, and keep the entries of
    the Actions cache."""
    write_index(workspace, billing, local_entries(workspace), [LOCAL])
