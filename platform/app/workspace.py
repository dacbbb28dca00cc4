"""Where a run works: one repository, its profile and its directories. The values are frozen."""
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from platform import called
from platform.config.folders import order_ids
from platform.config.load import load_profile_with
from platform.config.valid import Valid, valid_below
from platform.errors import UsageError
from platform.model.ids import OrderId
from platform.model.problem import Problem
from platform.model.profile import Profile
from platform.owned import placed
from platform.toolfiles import PACKAGE, is_other_checkout


@dataclass(frozen=True, slots=True)
class Options:
    """The places that a command line names. An empty text means the profile's value. Directories
    are relative to the repository's root.

    Raises:
        UsageError: `no_publish` is neither 0 nor 1. A misspelt simulation must not publish.
    """

    runtime_profile: str = "config/runtime_profile.yml"
    billing_state_dir: str = ""
    runtime_dir: str = ""
    quote: str = ""  # a saved quote that the run must match
    no_publish: str = ""  # 1: `publish:` tasks simulate

    def __post_init__(self) -> None:
        if self.no_publish not in ("", "0", "1"):
            raise UsageError(f"no_publish={self.no_publish} is neither 1 nor 0; write no_publish=1 "
                             "to simulate")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A repository as the command line opened it.

    All directories are absolute. `root` contains no symbolic link, and no file below it is opened
    through a link (see `confined`)."""

    root: Path
    options: Options
    profile: Profile
    profile_problems: tuple[Problem, ...]
    runtime_dir: Path
    billing_state_dir: Path
    valid: Valid = field(compare=False, repr=False)  # files that need no validation

    @classmethod
    def open(cls, root: Path, options: Options | None = None) -> "Workspace":
        """Read only the profile. Its errors are in `profile_problems`."""
        root, options = root.resolve(), options or Options()

        def valid_of(runtime_dir: str) -> Valid:
            return valid_below(placed(root, options.runtime_dir or runtime_dir))

        profile, problems, valid = load_profile_with(root, root / options.runtime_profile, valid_of)
        return cls(root, options, profile, problems,
                   placed(root, options.runtime_dir or profile.runtime_dir),
                   root / (options.billing_state_dir or profile.billing_state_dir), valid)

    @property
    def has_own_state(self) -> bool:
        """Whether the billing state is the profile's, not a scratch state from the command line."""
        return (
            self.root / self.profile.billing_state_dir
        ).resolve() == self.billing_state_dir.resolve()

    def shown(self, path: Path) -> str:
        """A path for display: relative to the repository if it is inside."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def shown_finding(self, finding: str) -> str:
        """A finding of `file:line: what` with its file as people type it."""
        path, colon, rest = finding.partition(":")
        return self.shown(Path(path)) + colon + rest

    def order_ids(self) -> Iterable[OrderId]:
        """The ids of all work order files. Only names are listed; no file is read."""
        return order_ids(self.root)


def must_run_own_code(root: Path) -> None:
    """UsageError if `root` contains the tool's code, and other code is running."""
    if is_other_checkout(root):
        raise UsageError(
            f"{root}: contains the code of the tool, and other code is running ({PACKAGE.parent}); "
            "run scripts/setup there and use its .venv/bin/doit, or make it a workspace with "
            f"`{called.command('upgrade')}`"
        )
