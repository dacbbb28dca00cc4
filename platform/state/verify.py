"""Verify the whole chain: every manifest from the first, every segment, and the journal in them.

Then compare the journal with the trusted head and the local state. It writes only to `scratch`, and
continues after a finding if it can. An asset that no manifest names is left from a lost race and is
not a finding.
"""
from collections.abc import Iterator
from dataclasses import dataclass, field

from platform.errors import CorruptError, PlatformError, StaleError
from platform.ledger.journal.disk import refusals, write_whole
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.record import GENESIS, HEADER
from platform.ledger.proof.audit import verify as verify_ledger
from platform.ports.release_store import Asset
from platform.state.chain import LOOK, RESTORE, Chain, hash_of, lines_of
from platform.state.local import LocalState, common
from platform.state.manifest import Segment, generation_of, name_of, number_of, tag_of
from platform.state.remote import Release


@dataclass(slots=True)
class StateVerdict:
    """Each of `findings` is one line; `status` is the largest of their exit statuses.

    `behind` counts the posts that only the release has, `ahead` those that only the local state
    has. The next hydration resolves both, so they are not findings.
    """

    findings: list[str] = field(default_factory=list)
    status: int = 0
    generations: int = 0
    segments: int = 0
    posts: int = 0
    behind: int = 0
    ahead: int = 0

    def add(self, error: PlatformError) -> None:
        self.findings.append(str(error))
        self.status = max(self.status, error.exit_status)


def verify_state(local: LocalState, release: Release) -> StateVerdict:
    """Verify a release. StaleError if there is no release; every other error is a finding."""
    tags = release.tags()
    if not tags:
        raise StaleError(f"{release.where}: has no release of the billing state; "
                         "run `state init` once")
    with local.exclusive():
        check = _Verification(local, release)
        try:
            check.manifests()
            check.segments()
            check.journal()
        except (CorruptError, StaleError) as error:
            check.verdict.add(error)
        return check.verdict


class _Verification:
    def __init__(self, local: LocalState, release: Release) -> None:
        self.verdict = StateVerdict()
        self._local, self._release = local, release
        self._chain = Chain(None, release.pinned)
        self._trusted = local.trusted()
        # By tag and segment: the hash of the record before the segment.
        self._pieces: dict[tuple[str, Segment], str] = {}
        self._assets: dict[str, dict[str, Asset]] = {}
        self._found: dict[tuple[str, Segment], list[bytes]] = {}

    def manifests(self) -> None:
        """Walk from generation 1 to the newest; stop at the first invalid one."""
        for tag, assets in self._releases():
            self._assets[tag] = assets
            numbers = sorted(
                number for name in assets if (number := generation_of(name)) is not None
            )
            for generation in range(self.verdict.generations + 1, (numbers or [0])[-1] + 1):
                asset = assets.get(name_of(generation))
                if asset is None:
                    raise StaleError(
                        f"{self._release.where}/{tag}: has no generation {generation}; {LOOK}"
                    )
                self._chain.admit(
                    tag, asset.uri, self._release.fetch(tag, asset, self._local.scratch)
                )
                self.verdict.generations = generation
                self._note(tag)
                if (
                    self._trusted
                    and self._trusted.generation == generation
                    and self._chain.head != self._trusted
                ):
                    raise StaleError(f"{asset.uri}: is not the manifest that was trusted; {LOOK}")
        if self._trusted and self._trusted.generation > self.verdict.generations:
            raise StaleError(f"{self._release.where}: ends with generation "
                             f"{self.verdict.generations}, but generation "
                             f"{self._trusted.generation} existed before; {LOOK}")
        if not self.verdict.generations:  # `state init` was killed after it created the release
            raise StaleError(f"{self._release.where}: has no manifest; run `state init` once")

    def segments(self) -> None:
        """Check once that each segment in a manifest exists and matches the manifest."""
        for (tag, segment), prev in self._pieces.items():
            asset = self._assets[tag].get(segment.name)
            try:
                if asset is None:
                    raise CorruptError(f"{self._release.where}/{tag}/{segment.name}: is missing; "
                                       f"{RESTORE}")
                data = self._release.fetch(tag, asset, self._local.scratch)
                self._found[tag, segment] = lines_of(segment, data, prev, asset.uri)
                self.verdict.segments += 1
            except CorruptError as error:
                self.verdict.add(error)

    def journal(self) -> None:
        """Replay the newest journal with the ledger's check, and compare it with the local one."""
        newest = self._chain.newest
        pieces = [self._found.get((self._chain.tag, segment)) for segment in newest.segments]
        theirs = [line for piece in pieces if piece for line in piece]
        if None not in pieces:
            self._chain.check_journal([hash_of(line) for line in theirs])
            self._replay(theirs)
            ours = self._local.lines()
            fork = common(ours, theirs)
            self.verdict.posts, self.verdict.behind, self.verdict.ahead = (
                len(theirs),
                len(theirs) - fork,
                (len(ours) - fork),
            )
        self._chain.check_expiry(self._local.now())

    def _replay(self, lines: list[bytes]) -> None:
        folder = self._local.scratch / "journal"
        with refusals(folder, "create the directory"):
            folder.mkdir()
        write_whole(self._local.disk, folder / JOURNAL, HEADER + b"".join(lines))
        for line in verify_ledger(folder).findings:
            where = f"{self._release.where}/{self._chain.tag}/{JOURNAL}"
            self.verdict.add(CorruptError(line.replace(str(folder / JOURNAL), where)))

    def _releases(self) -> Iterator[tuple[str, dict[str, Asset]]]:
        """Each release's tag and assets, from the first. StaleError if one of them is missing."""
        last = max(number_of(self._release.prefix, tag) or 0 for tag in self._release.tags())
        for number in range(1, last + 1):
            tag = tag_of(self._release.prefix, number)
            assets = self._release.store.assets(tag)
            if assets is None:
                raise StaleError(f"{self._release.where}/{tag}: the release no longer exists; "
                                 "restore it")
            yield tag, dict(assets)
        following = self._chain.newest.next_tag if self.verdict.generations else ""
        if following and number_of(self._release.prefix, following) != last:
            raise StaleError(f"{self._release.where}/{following}: the release no longer exists; "
                             "restore it")

    def _note(self, tag: str) -> None:
        newest, prev = self._chain.newest, GENESIS
        for segment in newest.segments:
            self._pieces[tag, segment] = prev
            prev = segment.hash
        there = self._assets[tag].get(newest.archive.name)
        want = newest.archive.sha256, newest.archive.bytes
        if there is None or (there.sha256, there.bytes) != want:
            self.verdict.add(CorruptError(
                f"{self._release.where}/{tag}/{newest.archive.name}: "
                f"{'does not match its manifest' if there else 'is missing'}; {RESTORE}"))
