"""Which test executes each shell command of the pages for people, and why some are not executed.

A page's `bash` blocks run in tests/test_pages.py, in order. Its `sh` blocks need something that a reader has and a
fresh clone does not: `PREPARED` makes it, in a clone of their own. What is left is in `NOT_RUN`, with the reason.
"""
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support import ROOT, command

BLOCK = re.compile(r"^( *)```(bash|sh|shell|console)\n(.*?)\n\1```(?:\n\n\1```text\n(.*?)\n\1```)?",
                   re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r" +# .*")

# A page whose bash blocks another test executes, and that test.
ELSEWHERE = {
    "docs/runbooks.md": "tests/test_runbooks.py",
    "docs/release_checklist.md": "tests/test_runbooks.py",
    "docs/howto/prove-a-credit.md": "tests/commands/test_ledger_proof.py",
    "platform/scaffold/templates/workspace/README.head.md": "tests/commands/test_workspace_readme.py",
    "platform/scaffold/templates/workspace/README.rest.md": "tests/commands/test_workspace_readme.py",
    "platform/scaffold/templates/workspace/README.tenant.md": "tests/commands/test_workspace_readme.py",
}
_INDEX = "it needs a package index; tests/test_readme.py runs scripts/setup and installs from one"
_SUITE = "it runs this test"
_WHEEL = "it needs a built wheel; tests/installation/test_wheel.py builds, installs and calls one"
_NO_ORIGIN = "it needs your repository"
_LINT = "tests/test_prose.py runs the script"
_SETTLE = "python -m platform.cli delivery settle step:nxlkGI/UbjkpxZO/deliver "
_HELD = "it needs a delivery that waits for a decision; tests/delivery/test_held.py settles one in each way"
# (page, command) -> why it is not executed
NOT_RUN: Mapping[tuple[str, str], str] = {
    ("README.md", "scripts/setup --dev && .venv/bin/pytest -q"): _SUITE,
    ("README.md", "pytest -q"): _SUITE,
    ("README.md", "pip install dist/platform_runner-*.whl"): _WHEEL,
    ("README.md", "platform --version"): _WHEEL,
    ("README.md", "platform init my-workspace --example && cd my-workspace"): _WHEEL,
    ("README.md", "python -m pip install -r requirements.txt"): "scripts/setup does; tests/test_readme.py runs it",
    ("CONTRIBUTING.md", "scripts/setup --dev && .venv/bin/pytest -q"): _SUITE,
    ("CONTRIBUTING.md", '.venv/bin/pytest -q -m "not slow"'): _SUITE,
    ("CONTRIBUTING.md", "bash .ci/run"): _SUITE,
    ("CONTRIBUTING.md", ".venv/bin/python scripts/build_docs"): "tests/test_docs.py runs it",
    ("docs/index.md", "scripts/setup"): "tests/test_readme.py runs it",
    ("docs/index.md", ".venv/bin/doit run"): "tests/test_readme.py runs it",
    ("docs/howto/move-a-machine.md", "git clone https://git.example/platform && cd platform"): _NO_ORIGIN,
    ("docs/howto/move-a-machine.md", "scripts/setup"): "tests/test_readme.py runs it",
    ("docs/howto/upgrade.md", "pip install --upgrade platform-runner"): _INDEX,
    ("docs/howto/upgrade.md", "git pull --ff-only && scripts/setup"): _NO_ORIGIN,
    ("docs/howto/upgrade.md", "pip install platform-runner"): _INDEX,
    **{("docs/howto/upgrade.md", f"platform -C my-checkout {words}"):
       "it needs a checkout of the version before; tests/commands/test_upgrade.py turns one into a workspace"
       for words in ("upgrade --check", "upgrade", "quote")},
    **{("docs/howto/workspace.md", line):
       "tests/commands/test_workspace_readme.py installs a wheel and writes a workspace with it"
       for line in ("python3 -m venv .venv", ". .venv/bin/activate", "pip install platform-runner",
                    "platform init ~/credits")},
    ("docs/release_checklist.md", "python scripts/check_wheel.py"): _WHEEL,
    ("docs/release_checklist.md", "git tag v0.1.0 && git push origin v0.1.0"): _NO_ORIGIN,
    ("docs/guide-operator.md", 'python -m platform.cli cancel nxlkGI/UbjkpxZO --note "the table was the wrong one"'):
        "it needs an order that is paid and not done; tests/commands/test_cancel.py cancels some",
    ("docs/style.md", ".venv/bin/python scripts/lint_prose --code platform"): _LINT,
    ("docs/style.md", ".venv/bin/python scripts/lint_prose --code platform --list"): _LINT,
    ("README.md", f'{_SETTLE}--arrived --note "they confirmed"'): _HELD,
    ("docs/cli.md", f'{_SETTLE}--arrived --note "they confirmed"'): _HELD,
    ("docs/howto/settle-a-delivery.md", f'{_SETTLE}--arrived --note "they confirmed by telephone"'): _HELD,
    ("docs/howto/settle-a-delivery.md", f'{_SETTLE}--resend  --note "their server has no such mail"'): _HELD,
    ("docs/howto/settle-a-delivery.md", f'{_SETTLE}--refund  --note "they do not need it any more"'): _HELD,
    ("docs/cli.md", "python -m platform.cli upgrade --keep .github/workflows/publish.yml"):
        "it needs a workspace with an edited workflow; tests/commands/test_upgrade.py keeps one",
}


class PageCommand(NamedTuple):
    """One line of a block. `printed`: what the text below promises, if it is the block's last line."""

    language: str
    line: str
    printed: tuple[str, ...]

    @property
    def plain(self) -> str:
        return _COMMENT.sub("", self.line).strip()

    @property
    def exit_status(self) -> int:
        said = re.search(r"# exits with (\d+)", self.line)
        return int(said[1]) if said else 0


def commands(text: str) -> Iterator[PageCommand]:
    """Every line of the shell blocks of a page, in order."""
    for indent, language, code, output in BLOCK.findall(text):
        lines = [line.strip() for line in code.splitlines() if line.strip()]
        for line in lines:
            yield PageCommand(language, line, tuple(text.removeprefix(indent).strip() for text in output.splitlines())
                              if line is lines[-1] else ())


def pages() -> list[str]:
    """Every page for people that git has, and that shows a shell command."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in sorted(filter(None, listed)) if not name.startswith("tests/")
            and (ROOT / name).is_file() and BLOCK.search((ROOT / name).read_text(encoding="utf-8"))]


# What a reader has: each makes it in a clone in which `doit run` ran once.

Shell = Callable[[str], str]  # runs a line, which must succeed, and returns what it printed


def shares_the_ledger(clone: Path, shell: Shell) -> None:
    """A release store in a directory, and a ledger that is shared through it."""
    _profile(clone, "billing_state:.*", "billing_state: {dir: .billing-state, release: required, expires_days: 30}")
    _publishes(clone, "config/runtime_profile.yml")


def has_a_shared_ledger(clone: Path, shell: Shell) -> None:
    shares_the_ledger(clone, shell)
    shell("python -m platform.cli state init")


def publishes(clone: Path, shell: Shell) -> None:
    """A release store in the profile and in config/mine.yml, and a key to sign with."""
    public = re.search(r"^public key +(\S+)", shell("python -m platform.cli ledger keygen runtime/key.pem"), re.M)
    assert public
    _publishes(clone, "config/runtime_profile.yml")
    shutil.copy(clone / "config/runtime_profile.yml", clone / "config/mine.yml")
    (clone / "public_key").write_text(public[1])


def has_published(clone: Path, shell: Shell) -> None:
    """As `publishes`, with published packages, and a ledger that can be shared."""
    publishes(clone, shell)
    shell("doit run publish")
    _profile(clone, "billing_state:.*", "billing_state: {dir: .billing-state, release: required, expires_days: 30}")


def has_a_schedule(clone: Path, shell: Shell) -> None:
    """The order of the page."""
    folder = clone / "tenants/nxlkGI/workorders"
    text = (folder / "UbjkpxZO.yml").read_text().replace("work_order_id: UbjkpxZO", "work_order_id: weekly-images")
    (folder / "weekly-images.yml").write_text(f'{text}schedule_cron: "0 6 * * 1"\n')


def lost_its_state(clone: Path, shell: Shell) -> None:
    shutil.rmtree(clone / ".billing-state")


def has_a_copy(clone: Path, shell: Shell) -> None:
    shell("tar -czf billing-state.tar.gz .billing-state runtime")


def nothing(clone: Path, shell: Shell) -> None:
    """A clone in which `doit run` ran once is enough."""


def _publishes(clone: Path, profile: str) -> None:
    _edit(clone / profile, "release_store:.*", f"release_store: {{type: folder, dir: {clone}/releases}}")


def _profile(clone: Path, old: str, new: str) -> None:
    _edit(clone / "config/runtime_profile.yml", old, new)


def _edit(file: Path, old: str, new: str) -> None:
    text, count = re.subn(f"(?m)^{old}", new, file.read_text())
    assert count == 1, (file, old)
    file.write_text(text)


def transaction(clone: Path) -> str:
    """The id of the README's top-up, which its next lines correct."""
    rows = (clone / ".billing-state/transactions.csv").read_text().splitlines()
    return next(row.partition(",")[0] for row in rows if "wire-9" in row)


def item(clone: Path) -> str:
    rows = (clone / ".billing-state/transaction_items.csv").read_text().splitlines()
    return next(row.partition(",")[0] for row in rows if ",metadata,metadata," in row)


def package(clone: Path) -> str:
    return str(min((clone / "releases").rglob("*.zip")))


def run_id(clone: Path) -> str:
    return str(json.loads(command(clone, "python -m platform.cli runs --json").stdout)["runs"][-1]["invocation_id"])


PREPARED: Mapping[str, Callable[[Path, Shell], None]] = {
    "README.md": nothing,
    "docs/guide-operator.md": shares_the_ledger,
    "docs/howto/share-the-ledger.md": shares_the_ledger,
    "docs/howto/publish.md": publishes,
    "docs/howto/restore.md": has_a_shared_ledger,
    "docs/howto/schedule.md": has_a_schedule,
    "docs/howto/move-a-machine.md": has_a_copy,
    "docs/runbooks.md": lost_its_state,
    "docs/cli.md": has_published,
}
# A word of a command that a reader replaces by their own, and what it is in the clone.
OWN: Mapping[str, Callable[[Path], str]] = {
    "TRANSACTION": transaction,
    "ITEM": item,
    "FILE.zip": package,
    "FILE.intoto.json": lambda clone: f"{package(clone)}.intoto.json",
    "k3f9": run_id,
    "KEY": lambda clone: (clone / "public_key").read_text(),
    "DIR": lambda clone: "runtime/fetched",
}
