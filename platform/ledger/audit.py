"""Whether a billing state is what it says: chain, keys, sums, balances at every point, and every projection."""
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal import Ledger
from platform.ledger.projections import Projections


def audit(folder: Path) -> tuple[str, ...]:
    """One line a finding; none when all is right. The journal's own damage is the only finding when there is some."""
    try:
        ledger = Ledger.open(folder)  # replaying checks chain, keys, sums and that no balance was ever below zero
    except CorruptError as error:
        return (str(error),)
    truth = Projections(folder)
    for record in ledger.records():
        truth.add(record)
    return tuple(_compare(folder / name, data) for name, data in truth.truth().items()
                 if not (folder / name).exists() or (folder / name).read_bytes() != data)


def _compare(path: Path, truth: bytes) -> str:
    if not path.exists():
        return f"{path}: is missing; `ledger fsck --rebuild` makes it again"
    lines = zip(path.read_bytes().split(b"\n"), truth.split(b"\n"), strict=False)
    line = next((number for number, (ours, right) in enumerate(lines, 1) if ours != right), 1)
    return f"{path}:{line}: differs from the journal; `ledger fsck --rebuild` makes it again"
