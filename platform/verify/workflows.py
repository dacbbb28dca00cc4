"""What a workflow of this repository may not do, beyond what actionlint and zizmor refuse. Pure: documents in, problems
out.

The rules, for workflows and for the actions beside them: it starts by hand, by the clock, or by a push or a pull
request that gets no secret; its token reads, and may write only what GRANTS says, in that job; an action of others is
one of ACTIONS at a full commit hash; a checkout keeps no credentials and takes no other commit than the run's; a shell
line holds no expression; a token or secret reaches a step's environment only, and only a step all of whose lines are
commands of ours, so that no line can send it elsewhere; every job ends by itself.
"""
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from platform.config.read import Document
from platform.model.problem import Path, Problem

TRIGGERS = frozenset({"workflow_dispatch", "schedule", "push", "pull_request"})
GRANTS: Mapping[tuple[str, str], frozenset[str]] = {  # what a job of a workflow may write
    ("orchestrator", "orders"): frozenset({"contents"}),
    ("publish", "publish"): frozenset({"contents"}),
    ("admin-topup", "topup"): frozenset({"contents"}),
    ("cache-prune", "prune"): frozenset({"actions"}),
}
ACTIONS = frozenset({"actions/checkout", "actions/setup-python", "actions/cache/restore", "actions/cache/save"})
_PINNED = re.compile(r"([\w.-]+/[\w./-]+)@[0-9a-f]{40}")
_OURS = re.compile(r"python (?:-m platform\.cli|scripts/\w+\.py)(?: [^|;&<>`()\n]*)?")  # one command, nothing after it
_SECRET = re.compile(r"\bsecrets\b|\bgithub\s*\.\s*token\b|\bgithub\s*\[|\btoJSON\(\s*github\s*\)", re.IGNORECASE)


def unsafe(document: Document) -> Iterator[Problem]:
    """Everything that one workflow, or one action (`runs` instead of `jobs`), may not do. What is not a map is left to
    the schema check."""
    yield from document.problems
    value = _map(document.value)
    if "runs" in value:
        yield from _steps(document, ("runs", "steps"), _map(value["runs"]).get("steps"))
        return
    for name in _names(value.get("on")):
        if name not in TRIGGERS:
            yield _problem(document, ("on",), f"starts on {name}",
                           "start it by hand, by the clock, by a push or a pull request")
    if value.get("permissions") not in ({"contents": "read"}, {}):
        yield _problem(document, ("permissions",), "the default token may do more than read",
                       "begin with `permissions: {contents: read}` and give a job what it needs")
    yield from _around(document, (), {name: part for name, part in value.items() if name != "jobs"})
    for name, job in _map(value.get("jobs")).items():
        yield from _job(document, ("jobs", name), _map(job))


def _job(document: Document, at: Path, job: Mapping[str, Any]) -> Iterator[Problem]:
    allowed = GRANTS.get((PurePath(document.source.file).stem, str(at[-1])), frozenset())
    granted = job.get("permissions", {})
    writes = [str(granted)] if not isinstance(granted, dict) else [name for name, level in granted.items()
                                                                   if level not in ("read", "none")]
    for name in sorted(set(writes) - allowed):
        yield _problem(document, (*at, "permissions"), f"its token may write {name}",
                       "take it away, or give the job a row in platform/verify/workflows.py")
    if "timeout-minutes" not in job and "runs-on" in job:
        yield _problem(document, at, "has no timeout-minutes", "say when it is stuck")
    if "uses" in job or "secrets" in job:
        yield _problem(document, at, "calls another workflow", "write its steps here, where they can be judged")
    yield from _around(document, at, {name: part for name, part in job.items() if name != "steps"})
    yield from _steps(document, (*at, "steps"), job.get("steps"))


def _around(document: Document, at: Path, parts: Mapping[str, Any]) -> Iterator[Problem]:
    """What stands around steps is theirs all."""
    yield from _secrets(document, at, parts)
    if "defaults" in parts:
        yield _problem(document, (*at, "defaults"), "steps begin with something that they do not say",
                       "write it into the step")


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
            yield _problem(document, at, "the checkout keeps its token on disk", "persist-credentials: false")
        if {"ref", "repository"} & given.keys():
            yield _problem(document, at, "checks out what somebody else wrote", "take the commit of the run")
    if step.get("shell", "bash") != "bash":
        yield _problem(document, (*at, "shell"), f"is run by {step['shell']}", "use bash, which runs the lines")
    if "${{" in run:
        yield _problem(document, (*at, "run"), "an expression stands in a shell line", "hand it over through env")
    yield from _secrets(document, at, {name: part for name, part in step.items() if name != "env"})
    lines = [line.strip() for line in run.splitlines() if line.strip()]
    if re.search(r"toJSON\(", str(step.get("env", "")), re.IGNORECASE):
        yield _problem(document, at, "a step gets everything of a kind", "name what it needs")
    if _SECRET.search(str(step.get("env", ""))) and not (lines and all(map(_OURS.fullmatch, lines))):
        yield _problem(document, at, "a token or secret reaches lines that are not commands of ours",
                       "give it to a step that runs `python -m platform.cli ...` or `python scripts/...` and no more")


def _secrets(document: Document, at: Path, value: Any) -> Iterator[Problem]:
    """A token or secret outside a step's `env`, where more than one step or an action of others would have it."""
    if _SECRET.search(str(value)):
        yield _problem(document, at, "a token or secret stands outside a step's env", "give it to the step in need")


def _problem(document: Document, at: Path, what: str, cure: str) -> Problem:
    return Problem(document.source.place(*at), "workflow-unsafe", what, cure)


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
