"""What GitHub must enforce in a repository: one function a rule. Pure.

A rule yields what is open. If it yields nothing, the setting is closed. Unreadable: an answer that
the rule needs could not be read.
"""
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from platform.verify.setting_answers import Answers, Unreadable

ENVIRONMENT = "billing"  # of the jobs that publish and top up


def _is_private(of: Answers) -> Iterator[str]:
    if not of.get("repository")["private"]:
        yield "the repository is public: anyone can read orders, results and the ledger"


def _review(of: Answers) -> Iterator[str]:
    needs = of.pull_request()
    if needs["approvals"] < 1:
        yield "a change can reach the default branch without another person's approval"
    if not needs["last_push"] and not needs["stale"]:
        yield "an approval also covers later pushes"


def _code_owners(of: Answers) -> Iterator[str]:
    if not of.pull_request()["code_owners"]:
        yield "a change to config/ or .github/ needs no owner's approval"
    errors = of.get("codeowners")
    if errors is None:
        yield "there is no CODEOWNERS file"
    elif errors["errors"]:
        yield (f"CODEOWNERS has {len(errors['errors'])} errors, and an invalid owner protects "
               "nothing")


def _no_rewriting(of: Answers) -> Iterator[str]:
    rules, classic = of.rules(), of.protection()
    if "non_fast_forward" not in rules and not (
        classic and not _enabled(classic.get("allow_force_pushes"))
    ):
        yield "the default branch can be force-pushed"
    if "deletion" not in rules and not (classic and not _enabled(classic.get("allow_deletions"))):
        yield "the default branch can be deleted"


def _no_bypass(of: Answers) -> Iterator[str]:
    """GitHub shows who may bypass a rule only to those who may edit it. Hidden is not nobody."""
    named = {rule.get("ruleset_id") for rule in of.get("branch_rules") or ()}
    for ruleset in of.get("rulesets") or ():
        if ruleset["id"] in named or ruleset.get("target") in ("tag", "push"):
            if "bypass_actors" not in ruleset:
                raise Unreadable("rulesets: the token may not read who may bypass "
                                 f"{ruleset['name']!r}")
            if ruleset["bypass_actors"]:
                yield f"{len(ruleset['bypass_actors'])} may bypass the ruleset {ruleset['name']!r}"
    classic = of.protection()
    if classic and not named and not _enabled(classic.get("enforce_admins")):
        yield "administrators can bypass the protection of the default branch"


def _checks(of: Answers) -> Iterator[str]:
    if not of.rules().get("required_status_checks") and not of.protection().get(
        "required_status_checks"
    ):
        yield "a change can be merged although CI fails"


def _environment(of: Answers) -> Iterator[str]:
    found = next((one for one in (of.get("environments") or {}).get("environments", ())
                  if one["name"] == ENVIRONMENT), None)
    if found is None:
        yield (f"there is no environment {ENVIRONMENT}: GitHub creates an open one when a job "
               "first names it")
        return
    reviewers = [
        rule for rule in found.get("protection_rules") or () if rule["type"] == "required_reviewers"
    ]
    if not any(rule.get("reviewers") for rule in reviewers):
        yield f"a job can use the environment {ENVIRONMENT} without approval"
    elif not all(rule.get("prevent_self_review") for rule in reviewers):
        yield "the person who started a job may approve it"
    if found.get("can_admins_bypass", True):
        yield "administrators can bypass the approval"
    policy = found.get("deployment_branch_policy")
    if policy is None:
        yield "a workflow of any branch may use the environment"
    elif not policy.get("protected_branches"):
        names = [
            one["name"] for one in (of.get("environment_branches") or {}).get("branch_policies", ())
        ]
        if names != [of.get("repository")["default_branch"]]:
            yield f"workflows of {', '.join(names) or 'no known branch'} may use the environment"


def _repository_secrets(of: Answers) -> Iterator[str]:
    names = [one["name"] for one in (of.get("secrets") or {}).get("secrets", ())]
    if names:
        yield f"a workflow on any branch can read the secrets {', '.join(sorted(names))}"


def _branch_workflows(of: Answers) -> Iterator[str]:
    for ruleset in of.get("rulesets") or ():
        if ruleset.get("target") == "push" and ruleset.get("enforcement") == "active":
            for rule in ruleset.get("rules") or ():
                paths = (rule.get("parameters") or {}).get("restricted_file_paths") or ()
                if rule["type"] == "file_path_restriction" and any(
                    fnmatchcase(
                        ".github/workflows/x.yml", path.replace("**/*", "*").replace("**", "*")
                    )
                    for path in paths
                ):
                    return
    yield "anyone who may push a branch can run their own workflow with `contents: write`"


def _token(of: Answers) -> Iterator[str]:
    found = of.get("workflow_permissions")
    if found["default_workflow_permissions"] != "read":
        yield "a workflow without `permissions` gets a token that can write"
    if found["can_approve_pull_request_reviews"]:
        yield "a workflow may approve pull requests"


def _actions(of: Answers) -> Iterator[str]:
    found = of.get("actions")
    if found.get("enabled") and found.get("allowed_actions", "all") == "all":
        yield "a workflow may use any action"
    if found.get("enabled") and not found.get("sha_pinning_required"):
        yield "an action may be named by a tag, which its author can move"


def _forks(of: Answers) -> Iterator[str]:
    if of.get("repository")["private"]:
        found = of.get("private_forks")
        if found["run_workflows_from_fork_pull_requests"] and (
                found["send_write_tokens_to_workflows"] or found["send_secrets_and_variables"]):
            yield "a fork's pull request runs with a token that can write, or with secrets"
        elif (
            found["run_workflows_from_fork_pull_requests"]
            and not found["require_approval_for_fork_pr_workflows"]
        ):
            yield "a fork's pull request runs workflows without approval"
    elif of.get("fork_approval")["approval_policy"] != "all_external_contributors":
        yield "an external contributor's pull request runs workflows without approval"


def _immutable(of: Answers) -> Iterator[str]:
    if not (of.get("immutable_releases") or {}).get("enabled"):
        yield "anyone who may write can replace and delete the assets of a release"


def _tags(of: Answers) -> Iterator[str]:
    kept: set[str] = set()
    for ruleset in of.get("rulesets") or ():
        names = ((ruleset.get("conditions") or {}).get("ref_name") or {})
        if ruleset.get("target") == "tag" and ruleset.get("enforcement") == "active" \
                and "~ALL" in names.get("include", ()) and not names.get("exclude"):
            kept |= {rule["type"] for rule in ruleset.get("rules") or ()}
    for type_, change in (("deletion", "deleted"), ("update", "moved")):
        if type_ not in kept:
            yield f"a release's tag can be {change}"


def writers(of: Answers, allowed: tuple[str, ...] = ()) -> Iterator[str]:
    names = sorted(
        one["login"]
        for one in of.get("collaborators") or ()
        if any((one.get("permissions") or {}).get(name) for name in ("push", "maintain", "admin"))
    )
    others = [name for name in names if name not in allowed]
    if others:
        yield f"{', '.join(others)} may write, but the list does not name them"
    keys = [one["title"] for one in of.get("deploy_keys") or () if not one["read_only"]]
    if keys:
        yield f"deploy keys that can write: {', '.join(keys)}"


def _secret_scanning(of: Answers) -> Iterator[str]:
    found = of.get("repository").get("security_and_analysis")
    if found is None:
        raise Unreadable("repository: the token may not read its security settings")
    for name, risk in (("secret_scanning", "the repository is not scanned for secrets"),
                       ("secret_scanning_push_protection", "a secret can be pushed")):
        if (found.get(name) or {}).get("status") != "enabled":
            yield risk


def _enabled(setting: Any) -> bool:
    """Classic protection has the form `{enabled: …}`."""
    return bool(setting and setting.get("enabled"))


RULES: dict[str, Callable[[Answers], Iterator[str]]] = {
    "private": _is_private,
    "review": _review,
    "code-owners": _code_owners,
    "no-rewriting": _no_rewriting,
    "no-bypass": _no_bypass,
    "checks": _checks,
    "environment": _environment,
    "repository-secrets": _repository_secrets,
    "branch-workflows": _branch_workflows,
    "default-token": _token,
    "actions": _actions,
    "forks": _forks,
    "immutable-releases": _immutable,
    "tags": _tags,
    "writers": writers,
    "secret-scanning": _secret_scanning,
}
