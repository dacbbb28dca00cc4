"""The last head of a ledger that this machine acknowledged, kept outside of the state's directory.

A state that was deleted, or restored whole from an old backup, is sound in itself: only what lies
elsewhere can tell. The head is kept in two places:

    <runtime directory>/.ledger_heads/<key>.json             of every state that the runs there used
    $XDG_STATE_HOME or ~/.local/state, platform/heads/<key>.json    of the profile's own state only

In the runtime directory the key is the state's path from the repository; at home it is the state's
real path and the clone's id (`.git/platform-clone-id`, made once; without git, or where it cannot
be written, the repository's device and inode). So a new clone in the place of an old one is another
one, and nothing is remembered of it. A file whose `ledger_id` (the hash of the first post) is
another ledger's is of a state that was replaced.

It is written when posts were acknowledged, not at each post: after a kill it is an older head,
which the journal has in it as well. A place that cannot be written costs a line, never a run.
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
    """How far a journal went: `bytes` and posts, the last one's hash, and the first one's."""

    ledger_id: str
    bytes: int
    seq: int
    hash: str
    state_dir: str  # as the place that keeps it calls it


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A file that keeps a head, and what it calls the state's directory."""

    file: Path
    state_dir: str
    top: Path | None = None  # where modules may reach the file: the directory that it is opened from, through no link

    def read(self) -> RememberedHead | None:
        """None when nothing is kept, or what is kept cannot be read: it is no proof of anything
        then."""
        try:
            data = self.file.read_bytes() if self.top is None else read_file(self.file, _LARGEST)
            head = RememberedHead(**json.loads(data))
        except (OSError, ValueError, TypeError):
            return None
        right = (type(head.seq) is int and type(head.bytes) is int
                 and all(type(text) is str for text in (head.ledger_id, head.hash, head.state_dir)))
        return head if right else None

    def write(self, data: bytes, *, durable: bool) -> None:
        """Keep a head. StorageError when the disk refuses, Displaced for a link."""
        if self.top is None:
            write_atomic(self.file, data, durable=durable)
        else:
            write(self.top, *self.file.relative_to(self.top).parts, data=data, durable=durable)

    def remove(self) -> None:
        """OSError when it cannot be."""
        if self.top is None:
            self.file.unlink()
        else:
            trees.remove(self.file)


class Memory:
    """What is remembered of one state. `say` tells a person, once, that a place cannot be
    written."""

    def __init__(self, places: Sequence[HeadFile], say: Callable[[str], object]) -> None:
        self.places = tuple(places)
        self._say = say
        self._told = False

    def heads(self) -> tuple[RememberedHead, ...]:
        return tuple(head for place in self.places if (head := place.read()))

    def missing_from(self, ledger: LedgerReader | None) -> tuple[RememberedHead, ...]:
        """The heads that a journal does not have in it; all of them when there is no journal."""
        return tuple(head for head in self.heads()
                     if ledger is None or not ledger.contains(JournalHead(head.seq, head.hash, head.bytes)))

    def keep(self, ledger: Ledger, *, durable: bool = False) -> None:
        """Remember where a journal stands. A head that it does not have in it is left: that is told
        at the next look, and is forgotten by nobody but `replace`."""
        if not self.missing_from(ledger):
            self.replace(ledger, durable=durable)

    def replace(self, ledger: Ledger, *, durable: bool = False) -> None:
        """Remember where a journal stands, whatever was remembered."""
        line, first = ledger.head(), ledger.first_hash()
        if first:
            self._write(RememberedHead(first, line.bytes, line.seq, line.hash, ""), durable=durable)

    def lower(self, old: Sequence[bytes], common: int) -> None:
        """Before a journal of the lines `old` is replaced by one that goes on otherwise after the
        first `common`: what is remembered of it is what both have, or nothing."""
        hashes = [line[-65:-1].decode() for line in old]
        known = [place for place in self.places if (head := place.read()) and head.seq > common
                 and len(hashes) >= head.seq and hashes[head.seq - 1] == head.hash]
        if common:
            size = len(HEADER) + sum(map(len, old[:common]))
            self._write(RememberedHead(hashes[0], size, common, hashes[common - 1], ""), known, durable=True)
            return
        for place in known:
            with contextlib.suppress(OSError):  # then it is told as rolled back, by mistake and not in silence
                place.remove()

    def _write(self, head: RememberedHead, places: Iterable[HeadFile] | None = None, *, durable: bool) -> None:
        for place in self.places if places is None else places:
            named = head._replace(state_dir=place.state_dir)
            if place.read() == named:
                continue
            try:
                place.write(json.dumps(named._asdict()).encode(), durable=durable)
            except StorageError as error:
                if not self._told:
                    self._told = True
                    cause = error.__cause__
                    why = cause.strerror if isinstance(cause, OSError) else error
                    self._say(f"warning: {place.file}: the ledger's head cannot be kept there ({why}); only the "
                              "other place notices a ledger that is rolled back")


def places(root: Path, runtime_dir: Path, state_dir: Path, env: Mapping[str, str], *,
           own: bool, make: bool = False) -> tuple[HeadFile, ...]:
    """Where the head of a state is kept. `own`: it is the profile's own state, and is kept at home,
    too; `make`: the clone's id is made when it has none."""
    real = os.path.realpath(state_dir)
    below = os.path.relpath(real, os.path.realpath(root))
    found = [HeadFile(runtime_dir / _HEADS / f"{sha256_hex(below.encode())[:32]}.json", below, runtime_dir)]
    home, clone = state_home(env), _clone_id(root, make=make) if own else ""
    if home is not None and clone:
        key = sha256_hex(f"{real}\0{clone}".encode())[:32]
        found.append(HeadFile(home / "platform" / "heads" / f"{key}.json", real))
    return tuple(found)


def others(runtime_dir: Path, root: Path, state_dir: Path) -> tuple[Path, ...]:
    """The other states that runs over this runtime directory used, and that are still there."""
    own = os.path.realpath(state_dir)
    heads = (HeadFile(file, "", runtime_dir).read() for file in sorted((runtime_dir / _HEADS).glob("*.json")))
    found = [Path(os.path.realpath(root), head.state_dir) for head in heads if head]
    return tuple(path for path in found if os.path.realpath(path) != own and Ledger.exists(path))


def state_home(env: Mapping[str, str]) -> Path | None:
    """The user's directory for state that is no configuration and no cache; None when there is
    none."""
    given = env.get("XDG_STATE_HOME", "")
    if Path(given).is_absolute():  # the specification: relative ones are ignored
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
            return (root / path.strip()) if name == "gitdir" and (root / path.strip()).is_dir() else None
    return git if git.is_dir() else None
