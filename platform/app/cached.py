"""cache_index.csv of a billing state: what is cached after a run or a prune, and until when."""
from collections.abc import Collection, Iterable

from platform.app.billing import Billing
from platform.app.workspace import Workspace
from platform.config.load import load_contracts
from platform.files import write_atomic
from platform.retention import local
from platform.retention.entry import INDEX, LOCAL, CacheEntry, index


def local_entries(workspace: Workspace) -> list[CacheEntry]:
    """What is cached on this machine. Contracts are read by themselves: what is wrong elsewhere stops no pruning, and a
    run of one order knows the other modules too."""
    contracts = load_contracts(workspace.root)
    return list(local.entries(workspace.runtime_dir, contracts, workspace.profile.cache_retention))


def write_index(
    workspace: Workspace,
    billing: Billing,
    entries: Iterable[CacheEntry],
    looked_at: Collection[str],
) -> None:
    """Write the index beside the ledger, if there is one and it is not these bytes already."""
    if not billing.exists:
        return
    path = workspace.billing_state_dir / INDEX
    old = path.read_bytes() if path.is_file() else b""
    data = index(entries, looked_at, old)
    if data != old:
        write_atomic(path, data)


def after_run(workspace: Workspace, billing: Billing) -> None:
    """The index after steps ran: this machine's entries anew, and the Actions cache's as they were last listed."""
    write_index(workspace, billing, local_entries(workspace), [LOCAL])
