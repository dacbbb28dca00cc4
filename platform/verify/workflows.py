"""What a workflow of this repository must not do, beyond the checks of actionlint and zizmor. Pure.

The rules, for workflows and for the repository's actions:

* A workflow starts by hand, by a schedule, by a push, or by a pull request that gets no secret.
* The token can only read. A job may write only what GRANTS lists.
* An action of others is in ACTIONS and has a full commit hash.
* A checkout keeps no credentials and uses only the run's commit.
* A shell line contains no expression.
* A token or secret is only in the environment of a step. All lines of such a step are commands of
  this repository, so no line can send it elsewhere.
* Every job has a time limit.
"""
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from platform.config.read import Document
from platform.model.problem import Path, Problem

TRIGGERS = frozenset({"workflow_dispatch", "schedule", "push", "pull_request"})
GRANTS: Mapping[tuple[str, str], frozenset[str]] = {  # (workflow, job): what its token may write
    ("orchestrator", "orders"): frozenset({"contents"}),
    ("publish", "publish"): frozenset({"contents"}),
    ("admin-topup", "topup"): frozenset({"contents"}),
    ("cache-prune", "prune"): frozenset({"actions"}),
    ("release", "attest"): frozenset({"id-token", "attestations"}),
    ("release", "publish"): frozenset({"contents"}),
}
ACTIONS = frozenset({
    "actions/checkout",
    "actions/setup-python",
    "actions/cache/restore",
    "actions/cache/save",
    "actions/upload-artifact",
    "actions/download-artifact",
    "actions/attest-build-provenance",
})
_PINNED = re.compile(r"([\w.-]+/[\w./-]+)@[0-9a-f]{40}")
# One command of this repository, and nothing after it.
_OURS = re.compile(r"python (?:-m platform\.cli|scripts/\w+\.py)(?: [^|;&<>`()\n]*)?")
_SECRET = re.compile(
    r"\bsecrets\b|\bgithub\s*\.\s*token\b|\bgithub\s*\[|\btoJSON\(\s*github\s*\)", re.IGNORECASE
)


def unsafe(document: Document) -> Iterator[Problem]:
    """The problems of one workflow, or of one action (`runs` instead of `jobs`).

    The schema check reports parts that are not maps.
    """
    yield from document.problems
    value = _map(document.value)
    if "runs" in value:
        yield from _steps(document, ("runs", "steps"), _map(value["runs"]).get("steps"))
        return
    for name in _names(value.get("on")):
        if name not in TRIGGERS:
            yield _problem(document, ("on",), f"starts on {name}",
                           "start it by hand, by a schedule, by a push or a pull request")
    if value.get("permissions") not in ({"contents": "read"}, {}):
        yield _problem(document, ("permissions",), "the default token may do more than read",
                       "begin with `permissions: {contents: read}` and give a job what it needs")
    yield from _around(document, (), {name: part for name, part in value.items() if name != "jobs"})
    for name, job in _map(value.get("jobs")).items():
        yield from _job(document, ("jobs", name), _map(job))


def _job(document: Document, at: Path, job: Mapping[str, Any]) -> Iterator[Problem]:
    allowed = GRANTS.get((PurePath(document.source.file).stem, str(at[-1])), frozenset())
    granted = job.get("permissions", {})
    writes = (
        [str(granted)]
        if not isinstance(granted, dict)
        else [name for name, level in granted.items() if level not in ("read", "none")]
    )
    for name in sorted(set(writes) - allowed):
        yield _problem(document, (*at, "permissions"), f"its token may write {name}",
                       "remove it, or give the job a row in platform/verify/workflows.py")
    if "timeout-minutes" not in job and "runs-on" in job:
        yield _problem(document, at, "has no timeout-minutes", "add timeout-minutes")
    if "uses" in job or "secrets" in job:
        yield _problem(document, at, "calls another workflow",
                       "write its steps here, where they can be checked")
    yield from _around(document, at, {name: part for name, part in job.items() if name != "steps"})
    yield from _steps(document, (*at, "steps"), job.get("steps"))


def _around(document: Document, at: Path, parts: Mapping[str, Any]) -> Iterator[Problem]:
    """Check the parts outside the steps: they apply to all steps."""
    yield from _secrets(document, at, parts)
    if "defaults" in parts:
        yield _problem(document, (*at, "defaults"), "`defaults` changes steps invisibly",
                       "write the setting into each step")


def _steps(document: Document, at: Path, steps: Any) -> Iterator[Problem]:
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        yield from _step(document, (*at, index), _map(step))


def _step(document: Document, at: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    uses, run = str(step.get("uses", "")), str(step.get("run", ""))
    pinned = _PINNED.fullmatch(uses)
    if uses and not uses.startswith("./") and not (pinned and pinned[1] in ACTIONS):
        yield _problem(document, (*at, "uses"), f"uses {uses}", "use an action that is listed in "
                       "platform/verify/workflows.py, by its full commit hash")
    if uses.startswith("actions/checkout@"):
        given = _map(step.get("with"))
        if given.get("persist-credentials") is not False:
            yield _problem(
                document, at, "the checkout keeps its token on disk", "persist-credentials: false"
            )
        if {"ref", "repository"} & given.keys():
            yield _problem(document, at, "checks out another commit than the run's",
                           "remove `ref` and `repository`")
    if step.get("shell", "bash") != "bash":
        yield _problem(document, (*at, "shell"), f"uses the shell {step['shell']}", "use bash")
    if "${{" in run:
        yield _problem(document, (*at, "run"), "a shell line contains an expression",
                       "pass the value through env")
    yield from _secrets(document, at, {name: part for name, part in step.items() if name != "env"})
    lines = [line.strip() for line in run.splitlines() if line.strip()]
    if re.search(r"toJSON\(", str(step.get("env", "")), re.IGNORECASE):
        yield _problem(document, at, "a step gets all values of a context",
                       "name the values that it needs")
    if _SECRET.search(str(step.get("env", ""))) and not (
        lines and all(map(_OURS.fullmatch, lines))
    ):
        yield _problem(document, at,
                       "a step with a token or secret runs other commands than this repository's",
                       "give it to a step that runs only `python -m platform.cli ...` or "
                       "`python scripts/...`")


def _secrets(document: Document, at: Path, value: Any) -> Iterator[Problem]:
    """A token or secret outside a step's `env`, where another step or action can read it."""
    if _SECRET.search(str(value)):
        yield _problem(document, at, "a token or secret is outside a step's env",
                       "put it into the env of the step that needs it")


def _problem(document: Document, at: Path, what: str, fix: str) -> Problem:
    return Problem(document.source.place(*at), "workflow-unsafe", what, fix)


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
