"""The settings of a repository as GitHub's API gives them: all closed, and ways to open one each.

Only the fields that we read are here; test_prism_settings.py lays them over the examples of GitHub's own description,
so that their names, types and places are GitHub's.
"""
import copy
from typing import Any

BRANCH_RULESET, TAG_RULESET, PUSH_RULESET = 11, 12, 13


def secure() -> dict[str, Any]:
    """Body by path below the repository; None is 404 with the words in NONE."""
    pull = {"required_approving_review_count": 1, "require_code_owner_review": True,
            "require_last_push_approval": True, "dismiss_stale_reviews_on_push": True,
            "required_review_thread_resolution": False}
    checks = {"required_status_checks": [{"context": "ci"}], "strict_required_status_checks_policy": True}
    rules = [{"type": "pull_request", "parameters": pull}, {"type": "deletion"}, {"type": "non_fast_forward"},
             {"type": "required_status_checks", "parameters": checks}]
    named = {"ruleset_source_type": "Repository", "ruleset_source": "harbour/ledger", "ruleset_id": BRANCH_RULESET}
    common = {"enforcement": "active", "bypass_actors": [], "source": "harbour/ledger", "source_type": "Repository"}
    rulesets = [
        {"id": BRANCH_RULESET, "name": "main", "target": "branch", **common, "rules": rules,
         "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}},
        {"id": TAG_RULESET, "name": "tags", "target": "tag", **common,
         "rules": [{"type": "deletion"}, {"type": "update"}],
         "conditions": {"ref_name": {"include": ["~ALL"], "exclude": []}}},
        {"id": PUSH_RULESET, "name": "workflows", "target": "push", **common, "rules": [
            {"type": "file_path_restriction", "parameters": {"restricted_file_paths": [".github/workflows/**"]}}]}]
    reviewers = [{"type": "User", "reviewer": {"login": "second"}}]
    return copy.deepcopy({
        "": {"private": True, "default_branch": "main", "security_and_analysis": {
            "secret_scanning": {"status": "enabled"}, "secret_scanning_push_protection": {"status": "enabled"}}},
        "/rules/branches/main": [{**rule, **named} for rule in rules],
        "/branches/main/protection": None,
        "/rulesets": [{name: one[name] for name in ("id", "name", "target", "enforcement", "source", "source_type")}
                      for one in rulesets],
        **{f"/rulesets/{one['id']}": one for one in rulesets},
        "/environments": {"total_count": 1, "environments": [{
            "name": "billing", "can_admins_bypass": False,
            "protection_rules": [{"id": 1, "type": "required_reviewers", "prevent_self_review": True,
                                  "reviewers": reviewers}],
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}]},
        "/environments/billing/deployment-branch-policies": {"total_count": 1, "branch_policies": [{"name": "main"}]},
        "/actions/secrets": {"total_count": 0, "secrets": []},
        "/actions/permissions": {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True},
        "/actions/permissions/workflow": {"default_workflow_permissions": "read",
                                          "can_approve_pull_request_reviews": False},
        "/actions/permissions/fork-pr-workflows-private-repos": {
            "run_workflows_from_fork_pull_requests": True, "send_write_tokens_to_workflows": False,
            "send_secrets_and_variables": False, "require_approval_for_fork_pr_workflows": True},
        "/actions/permissions/fork-pr-contributor-approval": {"approval_policy": "all_external_contributors"},
        "/immutable-releases": {"enabled": True, "enforced_by_owner": False},
        "/collaborators": [{"login": "octocat", "role_name": "admin", "permissions": {
            "pull": True, "triage": True, "push": True, "maintain": True, "admin": True}}],
        "/keys": [], "/codeowners/errors": {"errors": []}})


NONE = {"/branches/main/protection": "Branch not protected"}  # what GitHub says where there is nothing; else Not Found
