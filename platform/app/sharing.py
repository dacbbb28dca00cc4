"""One run's use of the release: the state is brought up to it before the first post, and published at the end.

Only the profile's own billing state folder is shared: another one, named on the command line, is a scratch state and no
release's. Nothing here happens before a task asks for it, so that commands which only look never touch the network, nor
import what it takes.
"""
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from platform.app.billing import Billing
from platform.app.guard import Guard
from platform.app.workspace import Workspace
from platform.errors import ConflictError, PlatformError, UsageError

if TYPE_CHECKING:
    from platform.state.local import LocalState
    from platform.state.remote import Release

INTERRUPTED = 130


class Sharing:
    """Of one run. Its ledger is closed before the journal may be exchanged, and opens again when it is asked."""

    def __init__(self, workspace: Workspace, billing: Billing, guard: Guard, statuses: list[int]) -> None:
        """`statuses` gets the exit status of what goes wrong with sharing alone."""
        self._workspace, self._billing, self._guard, self._statuses = workspace, billing, guard, statuses
        self._changed: list[Callable[[], None]] = []
        self._release: Release | None = None
        self._asked = False
        self._unpublished: set[str] = set()  # keys of claims that no other clone knows of yet

    def on_exchange(self, forget: Callable[[], None]) -> None:
        """Call this whenever the ledger may have got posts of others."""
        self._changed.append(forget)

    @property
    def is_shared(self) -> bool:
        """Whether other clones may have posted what is in the ledger: it has been brought up to a release before."""
        return self.local().is_shared

    @property
    def awaits(self) -> bool:
        """Whether the release must be asked before anything is posted. Asking this opens nothing."""
        workspace = self._workspace
        return not self._asked and workspace.has_own_state and workspace.profile.billing_state_release != "none"

    def local(self) -> "LocalState":
        from platform.state.local import LocalState

        return LocalState(self._workspace.billing_state_dir, memory=self._guard.memory(make=True))

    def opened(self) -> "Release | str":
        """The release, or why there is none. UsageError for a folder that is not the profile's own."""
        now = self._workspace
        if not now.has_own_state:
            raise UsageError(f"{now.shown(now.billing_state_dir)}: is not the billing state of "
                             f"{now.options.runtime_profile}, and no release's; leave --billing-state-dir away")
        from platform.state.open import open_release

        return open_release(now.profile, now.root, os.environ)

    def hydrate(self) -> str:
        """Bring the state up to the release, once; what is to be said of it."""
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
        """A claim was posted under this key: `publish_claims` is to be called before anything is sent."""
        if self._release is not None:
            self._unpublished.add(key)

    def publish_claims(self, key: str) -> bool:
        """Make the claim known to all clones; whether the ledger may have changed by that. Claims that several threads
        have posted go up together. RemoteError when the store does not take it: nothing may be sent then."""
        with self._billing.steady:
            if key not in self._unpublished:
                return self._release is not None
            self._publish_posts()
            return True

    def publish_evidence(self) -> None:
        """Make known to all clones at once that something arrived, of which only the ledger can tell. A store that does
        not take it fails nothing: the end of the run tries again."""
        if self._release is None:
            return
        with self._billing.steady:
            try:
                self._publish_posts()
            except PlatformError as error:
                sys.stderr.write(f"{error}; the evidence is in the ledger here and is published later\n")

    def _publish_posts(self) -> None:
        self._publish(posts_only=True)
        self._unpublished.clear()  # not before: what failed for one thread is not done for another
        for forget in self._changed:
            forget()

    def publish(self) -> None:
        """Publish what the run posted; says so. Nothing when the release was not asked before."""
        try:
            self._publish()
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: the billing state is not published; `state publish` or the next run does\n")
            self._statuses.append(INTERRUPTED)

    def _publish(self, *, posts_only: bool = False) -> None:
        """`posts_only`: in the middle of a run; then only what went wrong is said."""
        if self._release is None:
            return
        from platform.state.publish import publish
        from platform.state.views import lost_lines, published_lines, shortened

        self._billing.close()
        done = publish(self.local(), self._release, posts_only=posts_only)
        if done.hydrated and done.hydrated.lost:
            self._statuses.append(ConflictError.exit_status)
        lines = published_lines(done) if not posts_only else lost_lines(done.hydrated) if done.hydrated else []
        if text := shortened(lines, self._workspace.root):
            sys.stderr.write(f"{text}\n")

    @contextmanager
    def around(self) -> Iterator[None]:
        """For a command that posts by itself: `hydrate`, its posts, `publish`; what is said goes to standard error."""
        if text := self.hydrate():
            sys.stderr.write(f"{text}\n")
        yield
        self.publish()
