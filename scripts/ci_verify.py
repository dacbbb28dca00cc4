"""The CI verifier: `pre` looks at what is written, `e2e` runs it in a throw-away folder, `post` at what is left."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.check.conform import faults, validator
from platform.cli import script
from platform.commands.common import add_json, add_places, open_session, root
from platform.commands.module import verify
from platform.config.schema import SCHEMAS
from platform.ledger.log import JOURNAL
from platform.model.ids import RUN_CHARGE
from platform.tasks.session import Session

HOME = Path(__file__).resolve().parent.parent  # where the code is; the repository that is verified may be another


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok    ' if self.ok else 'FAILED'}  {self.name}  {self.detail}".rstrip()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phase", required=True, choices=sorted(PHASES), help="which checks")
    add_places(parser)
    parser.set_defaults(runtime_profile="config/runtime_profile.dev_github.yml")  # the README's sequence has this one
    parser.add_argument("--tenant-id", default="nxlkGI", metavar="ID", help="e2e: whose order is asserted")
    parser.add_argument("--work-order-id", default="UbjkpxZO", metavar="ID", help="e2e: the order that is asserted")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every check of the phase is ok, 1 otherwise."""
    checks: list[Check] = []
    for check in PHASES[arguments.phase](arguments):
        checks.append(check)
        if not arguments.json:
            print(check, flush=True)
    failed = sum(not check.ok for check in checks)
    count = f"{failed} of {len(checks)} checks FAILED" if failed else f"{len(checks)} checks ok"
    verdict = f"{arguments.phase}: {count}"
    if arguments.json:
        verdict = json.dumps({"phase": arguments.phase, "ok": not failed, "checks": [asdict(one) for one in checks]},
                             indent=1)
    print(verdict)
    return 1 if failed else 0


def pre(arguments: argparse.Namespace) -> Iterator[Check]:
    """What is written is right, each module does what its self-test says, each schema allows its own examples."""
    session = open_session(arguments)
    errors = [str(problem) for problem in session.problems if not problem.warning]
    yield Check("consistency", not errors, "; ".join(errors) or f"{len(session.repo.orders)} work orders")
    yield prices(session)
    for file in sorted(SCHEMAS.glob("*.schema.json")):
        yield schema(file)
    for name, contract in sorted(session.repo.contracts.items()):
        problem = verify(session, contract)
        yield Check(f"self-test {name}", not problem, problem)


def prices(session: Session) -> Check:
    """Whatever can be bought has a price today."""
    wanted = [(contract.module_id, item) for contract in session.repo.contracts.values()
              for item in (RUN_CHARGE, *contract.deliverables)]
    missing = [" ".join(item) for item in wanted if session.repo.prices.in_force(*item, session.now.date()) is None]
    return Check("prices", not missing, f"no price: {', '.join(missing)}" if missing else f"{len(wanted)} items")


def schema(file: Path) -> Check:
    document = json.loads(file.read_bytes())
    examples = document.get("examples", [])
    wrong = [fault.what for example in examples for fault in faults(validator(document), example)]
    detail = "; ".join(wrong) or (f"{len(examples)} examples" if examples else "has no examples")
    return Check(f"schema {file.name.removesuffix('.schema.json')}", bool(examples) and not wrong, detail)


def e2e(arguments: argparse.Namespace) -> Iterator[Check]:
    """The README's offline sequence. What is run again may not add a byte to the journal."""
    with tempfile.TemporaryDirectory(prefix="ci-verify-") as folder:
        profile, billing = throw_away_profile(root() / arguments.runtime_profile, Path(folder)), Path(folder, "billing")
        places = ["--runtime-profile", str(profile), "--billing-state-dir", str(billing),
                  "--runtime-dir", str(Path(folder, "runtime"))]
        order = ["--tenant-id", arguments.tenant_id, "--work-order-id", arguments.work_order_id]
        publish = [*file("publish_artifacts_release"), *places, "--since", "1970-01-01T00:00:00Z", "--no-publish"]
        yield told("consistency-validate", [*CLI, "consistency-validate", *places])
        yield told("orchestrator, first run", [*CLI, "orchestrator", *places])
        yield told("orchestrator, second run", [*CLI, "orchestrator", *places], billing)
        yield told("publish, first run", publish)
        yield told("publish, second run", publish, billing)
        yield told("chaining", [*file("e2e_assert_chaining"), *places, *order])
        yield told("idempotency", [*file("e2e_assert_idempotency"), *places, *order])
        yield told("integrity-validate", [*CLI, "integrity-validate", *places])
        yield told("ledger audit", [*CLI, "ledger", "audit", *places])


def throw_away_profile(profile: Path, folder: Path) -> Path:
    """The same profile with every delivery folder inside the throw-away one: nobody's outbox gets a test's mail."""
    import yaml

    value = yaml.safe_load(profile.read_text(encoding="utf-8"))
    for provider, settings in value.get("delivery", {}).items():
        settings |= {name: str(folder / provider) for name in settings if name.endswith("_dir")}
    target = folder / "profile.yml"
    target.write_text(yaml.safe_dump(value), encoding="utf-8")
    return target


def file(name: str) -> list[str]:
    """The command line of one of these scripts."""
    return [sys.executable, str(HOME / "scripts" / f"{name}.py")]


def told(name: str, words: list[str], unchanged: Path | None = None) -> Check:
    """A command as a check: its exit status and its last words. The journal in `unchanged` must stay as it is."""
    before = journal(unchanged)
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(words, cwd=root(), env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-TAIL:]
        return Check(name, False, f"exit {done.returncode}: {' | '.join(lines)}")
    if unchanged is not None and journal(unchanged) != before:
        return Check(name, False, "posted something, though nothing had changed")
    return Check(name, True, (done.stdout.strip().splitlines() or [""])[-1])


def journal(folder: Path | None) -> bytes:
    return (folder / JOURNAL).read_bytes() if folder and (folder / JOURNAL).exists() else b""


def post(arguments: argparse.Namespace) -> Iterator[Check]:
    """What a run left: a state that agrees with itself, and no file of git's touched."""
    places = [word for name in ("runtime_profile", "billing_state_dir", "runtime_dir") if getattr(arguments, name)
              for word in (f"--{name.replace('_', '-')}", getattr(arguments, name))]
    yield told("integrity-validate", [*CLI, "integrity-validate", *places])
    yield told("ledger audit", [*CLI, "ledger", "audit", *places])
    yield git()


def git() -> Check:
    try:
        done = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=root(), capture_output=True,
                              text=True, check=False)
    except FileNotFoundError:
        return Check("git", True, "git is not installed")
    if done.returncode:
        return Check("git", True, "not a git checkout")
    changed = [line[3:] for line in done.stdout.splitlines()]
    return Check("git", not changed, f"changed: {', '.join(changed)}" if changed else "no tracked file was changed")


CLI = [sys.executable, "-c", "import _platform_boot, sys; sys.exit(_platform_boot.main())"]  # from any folder
TAIL = 5  # lines that are shown of a command that failed
PHASES: dict[str, Callable[[argparse.Namespace], Iterator[Check]]] = {"pre": pre, "e2e": e2e, "post": post}

if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
