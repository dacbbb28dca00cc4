"""Whether a billing state is what it says: chain, keys, sums, balances at every point, and every projection."""
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.disk import DISK, read_whole, write_whole
from platform.ledger.follow import REBUILD
from platform.ledger.journal import Ledger
from platform.ledger.projections import CREDITS, HEADERS, credits_lines, lines


def audit(folder: Path) -> tuple[str, ...]:
    """One line a finding; none when all is right. The journal's own damage is the only finding when there is some:
    replaying it checks chain, keys, sums and that no balance was ever below zero."""
    try:
        ledger = Ledger.open(folder)
        truth = _truth(ledger)
    except CorruptError as error:
        return (str(error),)
    found = ((folder / name, read_whole(DISK, folder / name), data) for name, data in truth.items())
    return tuple(_difference(path, there, data) for path, there, data in found if there != data)


def rebuild(folder: Path) -> tuple[str, ...]:
    """Make every projection again from the journal; the names of those that were not already right."""
    ledger = Ledger.open(folder)
    wrong = {name: data for name, data in _truth(ledger).items() if read_whole(DISK, folder / name) != data}
    for name, data in wrong.items():
        write_whole(DISK, folder / name, data)
    ledger.checkpoint()
    return tuple(wrong)


def _truth(ledger: Ledger) -> dict[str, bytes]:
    whole = {name: bytearray(header) for name, header in HEADERS.items()}
    for record in ledger.records():
        for name, data in lines(record).items():
            whole[name] += data
    return {**{name: bytes(data) for name, data in whole.items()}, CREDITS: credits_lines(ledger.book.accounts())}


def _difference(path: Path, there: bytes | None, truth: bytes) -> str:
    if there is None:
        return f"{path}: is missing; {REBUILD}"
    pairs = zip(there.split(b"\n"), truth.split(b"\n"), strict=False)
    line = next((number for number, (ours, right) in enumerate(pairs, 1) if ours != right), 1)
    return f"{path}:{line}: differs from the journal; {REBUILD}"
