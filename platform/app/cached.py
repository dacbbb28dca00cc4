"""cache_index.csv of a session: what is cached after a run or a prune, and until when."""
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from platform.config.load import load_contracts
from platform.files import write_atomic
from platform.retention import local
from platform.retention.entry import INDEX, LOCAL, Entry, index

if TYPE_CHECKING:
    from platform.app.session import Session


def local_entries(session: "Session") -> list[Entry]:
    """What is cached on this machine. Contracts are read by themselves: what is wrong elsewhere stops no pruning, and a
    run of one order knows the other modules too."""
    contracts = load_contracts(session.root)
    return list(local.entries(session.runtime_dir, contracts, session.profile.cache_retention))


def write_index(session: "Session", entries: Iterable[Entry], looked_at: Collection[str]) -> None:
    """Write the index beside the ledger, if there is one and it is not these bytes already."""
    if not session.has_ledger:
        return
    path = session.billing_state_dir / INDEX
    old = path.read_bytes() if path.is_file() else b""
    data = index(entries, looked_at, old)
    if data != old:
        write_atomic(path, data)


def after_run(session: "Session") -> None:
    """The index after steps ran: this machine's entries anew, and the Actions cache's as they were last listed."""
    write_index(session, local_entries(session), [LOCAL])
