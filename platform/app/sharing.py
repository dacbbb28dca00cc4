"""One run's use of the release: hydrate the state before the first post, and publish it at the end.

Only the profile's own billing state directory is shared. A directory from the command line is a
scratch state without a release. Nothing happens before a task needs it, so read-only commands use
no network and do not import its modules.
"""
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from platform.app.billing import Billing
from platform.app.guard import Guard
from platform.app.workspace import Workspace
from platform.errors import INTERRUPTED_STATUS, ConflictError, PlatformError, UsageError

if TYPE_CHECKING:
    from platform.state.local import LocalState
    from platform.state.remote import Release


class Sharing:
    """The sharing of one run. Its ledger is closed before the journal is replaced. The next
    query opens it again."""

    def __init__(
        self, workspace: Workspace, billing: Billing, guard: Guard, statuses: list[int]
    ) -> None:
        """`statuses` receives the exit status of each failure of sharing."""
        self._workspace, self._billing, self._guard, self._statuses = (
            workspace,
            billing,
            guard,
            statuses,
        )
        self._changed: list[Callable[[], None]] = []
        self._release: Release | None = None
        self._asked = False
        self._unpublished: set[str] = set()  # keys of claims that are not published yet

    def on_exchange(self, forget: Callable[[], None]) -> None:
        """Call `forget` whenever the ledger may contain new posts of other clones."""
        self._changed.append(forget)

    @property
    def is_shared(self) -> bool:
        """Whether the ledger may contain posts of other clones: it has been hydrated before."""
        return self.local().is_shared

    @property
    def awaits(self) -> bool:
        """Whether the state must be hydrated before anything is posted. This query opens
        nothing."""
        workspace = self._workspace
        return (
            not self._asked
            and workspace.has_own_state
            and workspace.profile.billing_state_release != "none"
        )

    def local(self) -> "LocalState":
        from platform.state.local import LocalState

        return LocalState(self._workspace.billing_state_dir, memory=self._guard.memory(make=True))

    def opened(self) -> "Release | str":
        """The release, or the reason why it is not available. UsageError for a directory that is
        not the profile's."""
        now = self._workspace
        if not now.has_own_state:
            raise UsageError(f"{now.shown(now.billing_state_dir)}: not the billing state of "
                             f"{now.options.runtime_profile}, so it has no release; omit "
                             "--billing-state-dir")
        from platform.state.open import open_release

        return open_release(now.profile, now.root, os.environ)

    def hydrate(self) -> str:
        """Update the state from the release, once. Return the text to print."""
        if not self.awaits:
            return ""
        release = self.opened()
        if isinstance(release, str):
            self._asked = True
            return f"billing state: stays offline, {release}"
        from platform.state.hydrate import hydrate
        from platform.state.views import hydrated_lines, shortened

        self._billing.close()
        done = hydrate(self.local(), release)
        self._guard.again()
        self._release, self._asked = release, True
        self._statuses += [ConflictError.exit_status] * bool(done.lost)
        return shortened(hydrated_lines(done), self._workspace.root)

    def claims(self, key: str) -> None:
        """Note a claim that was posted under this key. Call `publish_claims` before anything is
        sent."""
        if self._release is not None:
            self._unpublished.add(key)

    def publish_claims(self, key: str) -> bool:
        """Publish the claim to all clones. Return whether this may have changed the ledger.

        Claims of several threads are published together. RemoteError if the store refuses them:
        then nothing may be sent."""
        with self._billing.steady:
            if key not in self._unpublished:
                return self._release is not None
            self._publish_posts()
            return True

    def publish_evidence(self) -> None:
        """Publish at once that a delivery arrived, if only the ledger can show it.

        A store that refuses it causes no failure: the end of the run publishes again."""
        if self._release is None:
            return
        with self._billing.steady:
            try:
                self._publish_posts()
            except PlatformError as error:
                sys.stderr.write(f"{error}; the evidence is in the local ledger and is published "
                                 "later\n")

    def _publish_posts(self) -> None:
        self._publish(posts_only=True)
        self._unpublished.clear()  # only after success: a failure for one thread is one for all
        for forget in self._changed:
            forget()

    def publish(self) -> None:
        """Publish the run's posts, and print that. Does nothing if the state was not hydrated."""
        try:
            self._publish()
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the billing state is not published; `state publish` or "
                             "the next run publishes it\n")
            self._statuses.append(INTERRUPTED_STATUS)

    def _publish(self, *, posts_only: bool = False) -> None:
        """`posts_only`: the run has not ended; print only failures."""
        if self._release is None:
            return
        from platform.state.publish import publish_state
        from platform.state.views import lost_lines, published_lines, shortened

        self._billing.close()
        done = publish_state(self.local(), self._release, posts_only=posts_only,
                             unused_claims=frozenset(self._unpublished))
        if done.hydrated and done.hydrated.lost:
            self._statuses.append(ConflictError.exit_status)
        lines = (
            published_lines(done)
            if not posts_only
            else lost_lines(done.hydrated)
            if done.hydrated
            else []
        )
        if text := shortened(lines, self._workspace.root):
            sys.stderr.write(f"{text}\n")

    @contextmanager
    def around(self) -> Iterator[None]:
        """For a command that posts without tasks: hydrate, its posts, publish. Prints to standard
        error."""
        if text := self.hydrate():
            sys.stderr.write(f"{text}\n")
        yield
        self.publish()
