"""The last head of a ledger that this machine acknowledged, kept outside the state's directory.

A state that was deleted or restored from an old backup is valid in itself. Only a copy of the head
elsewhere shows that posts are missing. The head is kept in two places:

    <runtime directory>/.ledger_heads/<key>.json             of every state that the runs there used
    $XDG_STATE_HOME or ~/.local/state, platform/heads/<key>.json    of the profile's own state only

In the runtime directory, the key is the state's path relative to the repository. In the home
directory, it is the state's real path and the clone's id. The id is in `.git/platform-clone-id`,
which is created once. Without git, or if the file cannot be written, the id is the repository's
device and inode. So a new clone at the path of an old one has a new id and no remembered head.

`ledger_id` is the hash of the first post. If a file has the `ledger_id` of another ledger, the
state was replaced.

A head is written when posts are acknowledged, not at each post. After a kill it may be older, but
the journal contains it as well. If a place cannot be written, the run prints a warning and
continues.
"""
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from platform import trees
from platform.confined import read_file
from platform.errors import StorageError
from platform.files import write_atomic
from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import HEADER
from platform.model.digest import sha256_hex
from platform.owned import write
from platform.ports.journal_store import JournalHead

_CLONE = "platform-clone-id"
_HEADS = ".ledger_heads"
_LARGEST = 64 << 10  # bytes


class RememberedHead(NamedTuple):
    """A journal's size in bytes and posts (`seq`), and the hashes of its last and first post."""

    ledger_id: str
    bytes: int
    seq: int
    hash: str
    state_dir: str  # in the notation of the place that keeps the head


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A file that keeps a head, and its notation for the state's directory."""

    file: Path
    state_dir: str
    # Set if modules can reach the file: it is then opened below this directory, through no link.
    top: Path | None = None

    def read(self) -> RememberedHead | None:
        """The head; None if the file is missing or unreadable, because it then proves nothing."""
        try:
            data = self.file.read_bytes() if self.top is None else read_file(self.file, _LARGEST)
            head = RememberedHead(**json.loads(data))
        except (OSError, ValueError, TypeError):
            return None
        right = (type(head.seq) is int and type(head.bytes) is int
                 and all(type(text) is str for text in (head.ledger_id, head.hash, head.state_dir)))
        return head if right else None

    def write(self, data: bytes, *, durable: bool) -> None:
        """Write a head. StorageError if it cannot be written, Displaced for a link."""
        if self.top is None:
            write_atomic(self.file, data, durable=durable)
        else:
            write(self.top, *self.file.relative_to(self.top).parts, data=data, durable=durable)

    def remove(self) -> None:
        """Delete the file. OSError if that fails."""
        if self.top is None:
            self.file.unlink()
        else:
            trees.remove(self.file)


class Memory:
    """The remembered heads of one state. `warn` reports, once, that a place cannot be written."""

    def __init__(self, places: Sequence[HeadFile], warn: Callable[[str], object]) -> None:
        self.places = tuple(places)
        self._warn = warn
        self._has_warned = False

    def heads(self) -> tuple[RememberedHead, ...]:
        return tuple(head for place in self.places if (head := place.read()))

    def missing_from(self, ledger: LedgerReader | None) -> tuple[RememberedHead, ...]:
        """The heads that a journal does not contain; all of them if there is no journal."""
        return tuple(
            head
            for head in self.heads()
            if ledger is None or not ledger.contains(JournalHead(head.seq, head.hash, head.bytes))
        )

    def keep(self, ledger: Ledger, *, durable: bool = False) -> None:
        """Remember a journal's head, unless a remembered head is missing from the journal.

        Such a head is kept, so that the next check reports it. Only `replace` overwrites it.
        """
        if not self.missing_from(ledger):
            self.replace(ledger, durable=durable)

    def replace(self, ledger: Ledger, *, durable: bool = False) -> None:
        """Remember a journal's head and overwrite the remembered ones."""
        line, first = ledger.head(), ledger.first_hash()
        if first:
            self._write(RememberedHead(first, line.bytes, line.seq, line.hash, ""), durable=durable)

    def lower(self, old: Sequence[bytes], common: int) -> None:
        """Prepare for a journal that shares only the first `common` lines with `old`.

        The remembered heads of `old` become the head of the shared lines. If no lines are shared,
        the heads are removed.
        """
        hashes = [line[-65:-1].decode() for line in old]
        known = [place for place in self.places if (head := place.read()) and head.seq > common
                 and len(hashes) >= head.seq and hashes[head.seq - 1] == head.hash]
        if common:
            size = len(HEADER) + sum(map(len, old[:common]))
            self._write(
                RememberedHead(hashes[0], size, common, hashes[common - 1], ""), known, durable=True
            )
            return
        for place in known:
            # On failure, the next check wrongly reports a rollback; it is at least reported.
            with contextlib.suppress(OSError):
                place.remove()

    def _write(
        self, head: RememberedHead, places: Iterable[HeadFile] | None = None, *, durable: bool
    ) -> None:
        for place in self.places if places is None else places:
            named = head._replace(state_dir=place.state_dir)
            if place.read() == named:
                continue
            try:
                place.write(json.dumps(named._asdict()).encode(), durable=durable)
            except StorageError as error:
                if not self._has_warned:
                    self._has_warned = True
                    cause = error.__cause__
                    why = cause.strerror if isinstance(cause, OSError) else error
                    self._warn(f"warning: {place.file}: cannot write the ledger's head ({why}); "
                               "only the other copy can show that the ledger was rolled back")


def places(root: Path, runtime_dir: Path, state_dir: Path, env: Mapping[str, str], *,
           own: bool, make: bool = False) -> tuple[HeadFile, ...]:
    """Where the head of a state is kept.

    `own`: the state is the profile's own, so its head is also kept in the home directory. `make`:
    create the clone's id if it does not exist.
    """
    real = os.path.realpath(state_dir)
    below = os.path.relpath(real, os.path.realpath(root))
    found = [
        HeadFile(
            runtime_dir / _HEADS / f"{sha256_hex(os.fsencode(below))[:32]}.json", below, runtime_dir
        )
    ]
    home, clone = state_home(env), _clone_id(root, make=make) if own else ""
    if home is not None and clone:
        key = sha256_hex(os.fsencode(f"{real}\0{clone}"))[:32]
        found.append(HeadFile(home / "platform" / "heads" / f"{key}.json", real))
    return tuple(found)


def others(runtime_dir: Path, root: Path, state_dir: Path) -> tuple[Path, ...]:
    """The other states that runs with this runtime directory used and that still exist."""
    own = os.path.realpath(state_dir)
    heads = (
        HeadFile(file, "", runtime_dir).read()
        for file in sorted((runtime_dir / _HEADS).glob("*.json"))
    )
    found = [Path(os.path.realpath(root), head.state_dir) for head in heads if head]
    return tuple(path for path in found if os.path.realpath(path) != own and Ledger.exists(path))


def state_home(env: Mapping[str, str]) -> Path | None:
    """The user's directory for state (XDG); None if the user has no home directory."""
    given = env.get("XDG_STATE_HOME", "")
    if Path(given).is_absolute():  # the XDG specification ignores relative paths
        return Path(given)
    try:
        home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    except RuntimeError:
        return None
    return home / ".local" / "state" if home.is_absolute() else None


def _clone_id(root: Path, *, make: bool) -> str:
    git = _git_dir(root)
    if git is not None:
        file = git / _CLONE
        with contextlib.suppress(OSError):
            if make and not file.exists():
                with file.open("x") as opened:
                    opened.write(secrets.token_hex(16))
            return file.read_text(encoding="ascii", errors="replace").strip()
    status = root.stat()
    return f"{status.st_dev}:{status.st_ino}"


def _git_dir(root: Path) -> Path | None:
    git = root / ".git"
    if git.is_file():
        with contextlib.suppress(OSError, ValueError):
            name, _, path = git.read_text().partition(":")
            return (
                (root / path.strip())
                if name == "gitdir" and (root / path.strip()).is_dir()
                else None
            )
    return git if git.is_dir() else None
