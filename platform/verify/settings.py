"""What GitHub enforces in a repository, held against the list of what must be enforced. Pure: answers in, verdicts out.

Each rule is a function of what was read and says what is open; nothing said is closed. What could not be read cannot be
told, and is never taken for closed. `config/repository_settings.yml` lists the rules with why, and where a person sets
them; an entry may be accepted with a reason, and is then told and fails nothing.
"""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

ENVIRONMENT = "billing"  # of the jobs that publish and top up
CLOSED, OPEN, ACCEPTED, UNTOLD = "closed", "open", "accepted", "cannot tell"


@dataclass(frozen=True, slots=True)
class Read:
    """What GitHub answered to one question. `untold`: why there is no answer; a 404 that means "there is none" is the
    value None."""

    value: Any = None
    untold: str = ""


@dataclass(frozen=True, slots=True)
class SettingRule:
    """One entry of the list: the rule's id, why it matters, where it is set, why it is accepted (or nothing)."""

    id: str
    why: str
    where: str
    accepted: str = ""
    allow: tuple[str, ...] = ()  # of `writers`: who may have write access


@dataclass(frozen=True, slots=True)
class SettingVerdict:
    entry: SettingRule
    state: str  # CLOSED, OPEN, ACCEPTED or UNTOLD
    found: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = "; ".join(self.found)
        if self.state == CLOSED:
            return f"{self.state:<12} {self.entry.id}"
        if self.state == ACCEPTED:
            return f"{self.state:<12} {self.entry.id}: {said}; accepted: {self.entry.accepted}"
        return f"{self.state:<12} {self.entry.id}: {said}; why: {self.entry.why}; set it at: {self.entry.where}"


class Untold(Exception):
    """An answer that a rule needs is not there; `args[0]` says why."""


class Answers:
    """What was read, by question. A rule that asks for what could not be read ends with Untold."""

    def __init__(self, read: Mapping[str, Read]) -> None:
        self._read = read

    def get(self, question: str) -> Any:
        answer = self._read.get(question, Read(untold="it was not asked"))
        if answer.untold:
            raise Untold(f"{question}: {answer.untold}")
        return answer.value

    def rules(self) -> dict[str, dict[str, Any]]:
        """The rules that rulesets apply to the default branch: parameters by type."""
        found: dict[str, dict[str, Any]] = {}
        for rule in self.get("branch_rules") or ():
            found.setdefault(rule["type"], {}).update(rule.get("parameters") or {})
        return found

    def protection(self) -> dict[str, Any]:
        """The classic protection of the default branch; empty when there is none."""
        return dict(self.get("protection") or {})

    def pull_request(self) -> dict[str, Any]:
        """What a pull request to the default branch needs, by the stricter of both kinds of protection."""
        rule, classic = self.rules().get("pull_request"), self.protection().get("required_pull_request_reviews")
        both = [found for found in (rule, classic) if found is not None]
        return {"approvals": max((found.get("required_approving_review_count") or 0 for found in both), default=0),
                "code_owners": any(found.get("require_code_owner_review") or found.get("require_code_owner_reviews")
                                   for found in both),
                "last_push": any(found.get("require_last_push_approval") for found in both),
                "stale": any(found.get("dismiss_stale_reviews_on_push") or found.get("dismiss_stale_reviews")
                             for found in both)}


def _is_private(of: Answers) -> Iterator[str]:
    if not of.get("repository")["private"]:
        yield "the repository is public: everybody reads orders, results and the ledger"


def _review(of: Answers) -> Iterator[str]:
    needs = of.pull_request()
    if needs["approvals"] < 1:
        yield "a change reaches the default branch without another person's approval"
    if not needs["last_push"] and not needs["stale"]:
        yield "what is pushed after an approval is merged by it"


def _code_owners(of: Answers) -> Iterator[str]:
    if not of.pull_request()["code_owners"]:
        yield "a change to config/ or .github/ needs no owner's approval"
    errors = of.get("codeowners")
    if errors is None:
        yield "there is no CODEOWNERS file"
    elif errors["errors"]:
        yield f"CODEOWNERS has {len(errors['errors'])} errors, and an owner that is none protects nothing"


def _no_rewriting(of: Answers) -> Iterator[str]:
    rules, classic = of.rules(), of.protection()
    if "non_fast_forward" not in rules and not (classic and not _enabled(classic.get("allow_force_pushes"))):
        yield "the default branch can be force-pushed"
    if "deletion" not in rules and not (classic and not _enabled(classic.get("allow_deletions"))):
        yield "the default branch can be deleted"


def _no_bypass(of: Answers) -> Iterator[str]:
    """Who may bypass rules is shown to those who may edit them only: not shown is not none."""
    named = {rule.get("ruleset_id") for rule in of.get("branch_rules") or ()}
    for ruleset in of.get("rulesets") or ():
        if ruleset["id"] in named or ruleset.get("target") in ("tag", "push"):
            if "bypass_actors" not in ruleset:
                raise Untold(f"rulesets: the token is not shown who may bypass {ruleset['name']!r}")
            if ruleset["bypass_actors"]:
                yield f"{len(ruleset['bypass_actors'])} may bypass the ruleset {ruleset['name']!r}"
    classic = of.protection()
    if classic and not named and not _enabled(classic.get("enforce_admins")):
        yield "administrators bypass the protection of the default branch"


def _checks(of: Answers) -> Iterator[str]:
    if not of.rules().get("required_status_checks") and not of.protection().get("required_status_checks"):
        yield "a change is merged whatever CI says of it"


def _environment(of: Answers) -> Iterator[str]:
    found = next((one for one in (of.get("environments") or {}).get("environments", ())
                  if one["name"] == ENVIRONMENT), None)
    if found is None:
        yield f"there is no environment {ENVIRONMENT}: GitHub makes an open one when a job first names it"
        return
    reviewers = [rule for rule in found.get("protection_rules") or () if rule["type"] == "required_reviewers"]
    if not any(rule.get("reviewers") for rule in reviewers):
        yield f"a job enters the environment {ENVIRONMENT} without anybody's approval"
    elif not all(rule.get("prevent_self_review") for rule in reviewers):
        yield "who started a job may approve it"
    if found.get("can_admins_bypass", True):
        yield "administrators bypass the approval"
    policy = found.get("deployment_branch_policy")
    if policy is None:
        yield "a workflow of any branch may ask for the environment"
    elif not policy.get("protected_branches"):
        names = [one["name"] for one in (of.get("environment_branches") or {}).get("branch_policies", ())]
        if names != [of.get("repository")["default_branch"]]:
            yield f"workflows of {', '.join(names) or 'no known branch'} may ask for the environment"


def _repository_secrets(of: Answers) -> Iterator[str]:
    names = [one["name"] for one in (of.get("secrets") or {}).get("secrets", ())]
    if names:
        yield f"a workflow on any branch reads the secrets {', '.join(sorted(names))}"


def _branch_workflows(of: Answers) -> Iterator[str]:
    for ruleset in of.get("rulesets") or ():
        if ruleset.get("target") == "push" and ruleset.get("enforcement") == "active":
            for rule in ruleset.get("rules") or ():
                paths = (rule.get("parameters") or {}).get("restricted_file_paths") or ()
                if rule["type"] == "file_path_restriction" and any(
                        fnmatchcase(".github/workflows/x.yml", path.replace("**/*", "*").replace("**", "*"))
                        for path in paths):
                    return
    yield "whoever may push a branch runs a workflow of their own with `contents: write`"


def _token(of: Answers) -> Iterator[str]:
    found = of.get("workflow_permissions")
    if found["default_workflow_permissions"] != "read":
        yield "a workflow that names no permissions gets a token that writes"
    if found["can_approve_pull_request_reviews"]:
        yield "a workflow may approve pull requests"


def _actions(of: Answers) -> Iterator[str]:
    found = of.get("actions")
    if found.get("enabled") and found.get("allowed_actions", "all") == "all":
        yield "a workflow may use anybody's action"
    if found.get("enabled") and not found.get("sha_pinning_required"):
        yield "an action may be named by a tag, which its author can move"


def _forks(of: Answers) -> Iterator[str]:
    if of.get("repository")["private"]:
        found = of.get("private_forks")
        if found["run_workflows_from_fork_pull_requests"] and (
                found["send_write_tokens_to_workflows"] or found["send_secrets_and_variables"]):
            yield "a fork's pull request runs with a writing token or with secrets"
        elif found["run_workflows_from_fork_pull_requests"] and not found["require_approval_for_fork_pr_workflows"]:
            yield "a fork's pull request runs workflows without anybody's approval"
    elif of.get("fork_approval")["approval_policy"] != "all_external_contributors":
        yield "a stranger's pull request runs workflows without anybody's approval"


def _immutable(of: Answers) -> Iterator[str]:
    if not (of.get("immutable_releases") or {}).get("enabled"):
        yield "whoever may write can replace and delete the assets of a release"


def _tags(of: Answers) -> Iterator[str]:
    kept: set[str] = set()
    for ruleset in of.get("rulesets") or ():
        names = ((ruleset.get("conditions") or {}).get("ref_name") or {})
        if ruleset.get("target") == "tag" and ruleset.get("enforcement") == "active" \
                and "~ALL" in names.get("include", ()) and not names.get("exclude"):
            kept |= {rule["type"] for rule in ruleset.get("rules") or ()}
    for type_, words in (("deletion", "deleted"), ("update", "moved")):
        if type_ not in kept:
            yield f"a release's tag can be {words}"


def _writers(of: Answers, allowed: tuple[str, ...] = ()) -> Iterator[str]:
    names = sorted(one["login"] for one in of.get("collaborators") or ()
                   if any((one.get("permissions") or {}).get(name) for name in ("push", "maintain", "admin")))
    others = [name for name in names if name not in allowed]
    if others:
        yield f"{', '.join(others)} may write, and the list does not name them"
    keys = [one["title"] for one in of.get("deploy_keys") or () if not one["read_only"]]
    if keys:
        yield f"deploy keys that write: {', '.join(keys)}"


def _secret_scanning(of: Answers) -> Iterator[str]:
    found = of.get("repository").get("security_and_analysis")
    if found is None:
        raise Untold("repository: the token is not shown its security settings")
    for name, words in (("secret_scanning", "secrets in the repository are not looked for"),
                        ("secret_scanning_push_protection", "a secret can be pushed")):
        if (found.get(name) or {}).get("status") != "enabled":
            yield words


RULES: dict[str, Callable[[Answers], Iterator[str]]] = {
    "private": _is_private, "review": _review, "code-owners": _code_owners, "no-rewriting": _no_rewriting,
    "no-bypass": _no_bypass, "checks": _checks, "environment": _environment,
    "repository-secrets": _repository_secrets, "branch-workflows": _branch_workflows, "default-token": _token,
    "actions": _actions, "forks": _forks, "immutable-releases": _immutable, "tags": _tags, "writers": _writers,
    "secret-scanning": _secret_scanning,
}


def verdicts(entries: tuple[SettingRule, ...], read: Mapping[str, Read]) -> tuple[SettingVerdict, ...]:
    """One for each entry, in their order."""
    return tuple(_verdict(entry, Answers(read)) for entry in entries)


def _verdict(entry: SettingRule, of: Answers) -> SettingVerdict:
    try:
        found = tuple(_writers(of, entry.allow) if entry.id == "writers" else RULES[entry.id](of))
    except Untold as error:
        return SettingVerdict(entry, UNTOLD, (str(error.args[0]),))
    except (KeyError, TypeError, AttributeError) as error:  # an answer of another form than GitHub describes
        return SettingVerdict(entry, UNTOLD, (f"GitHub's answer has another form than its description ({error})",))
    return SettingVerdict(entry, (ACCEPTED if entry.accepted else OPEN) if found else CLOSED, found)


def exit_status(found: tuple[SettingVerdict, ...]) -> int:
    """0: all closed or accepted; 1: something is open; 17: nothing is known to be open, and not all can be told."""
    states = {verdict.state for verdict in found}
    return 1 if OPEN in states else 17 if UNTOLD in states else 0


def _enabled(setting: Any) -> bool:
    """Classic protection says `{enabled: …}`."""
    return bool(setting and setting.get("enabled"))
