"""Read the settings of a repository on GitHub through ghapi: one question per setting.

It only reads. If the token may not read a setting (403, or 404 for a setting that always exists),
the answer is the reason. RemoteError if the server does not answer, ForbiddenError if it refuses
the token. No error or output contains the token.
"""
from collections.abc import Callable
from itertools import count
from typing import Any

from platform.errors import ForbiddenError, RemoteError
from platform.verify.setting_answers import Read
from platform.verify.setting_rules import ENVIRONMENT

PAGE = 100


class Settings:
    """The settings of one repository, read with a token. `host` is the API's address."""

    def __init__(self, repository: str, token: str, host: str) -> None:
        from ghapi.core import GhApi

        owner, name = repository.split("/")
        new_client: Any = GhApi  # without types
        self._api = new_client(owner=owner, repo=name, token=token, gh_host=host.rstrip("/"),
                               sync=True, jwt_token="")
        self._host = host

    def read(self) -> dict[str, Read]:
        """All answers by question. RemoteError or ForbiddenError if nothing can be read."""
        repos, actions = self._api.repos, self._api.actions
        about = self._ask(repos.get)
        if about.unreadable:
            raise ForbiddenError(f"{self._host}: {about.unreadable}; give the token read access to "
                                 "the repository and its administration")
        branch = about.value["default_branch"]
        return {
            "repository": about,
            "branch_rules": self._pages(repos.get_branch_rules, branch),
            "protection": self._ask(
                repos.get_branch_protection, branch, none="Branch not protected"
            ),
            "rulesets": self._rulesets(),
            "environments": self._ask(repos.get_all_environments, per_page=PAGE),
            "environment_branches": self._ask(
                repos.list_deployment_branch_policies, ENVIRONMENT, per_page=PAGE, none="Not Found"
            ),
            "secrets": self._ask(actions.list_repo_secrets, per_page=PAGE),
            "actions": self._ask(actions.get_github_actions_permissions_repository),
            "workflow_permissions": self._ask(
                actions.get_github_actions_default_workflow_permissions_repository
            ),
            "private_forks": self._ask(
                actions.get_private_repo_fork_pr_workflows_settings_repository
            ),
            "fork_approval": self._ask(
                actions.get_fork_pr_contributor_approval_permissions_repository
            ),
            "immutable_releases": self._ask(repos.check_immutable_releases, none="Not Found"),
            "collaborators": self._pages(repos.list_collaborators),
            "deploy_keys": self._pages(repos.list_deploy_keys),
            "codeowners": self._ask(repos.codeowners_errors, none="Not Found"),
        }

    def _rulesets(self) -> Read:
        """All complete rulesets: the list lacks their rules, and who may bypass them."""
        listed = self._pages(self._api.repos.get_repo_rulesets, includes_parents=True)
        whole = []
        for one in listed.value or ():
            answer = self._ask(self._api.repos.get_repo_ruleset, one["id"], includes_parents=True)
            if answer.unreadable:
                return answer
            whole.append(answer.value)
        return listed if listed.unreadable else Read(whole)

    def _pages(self, operation: Callable[..., Any], *arguments: Any, **options: Any) -> Read:
        """All items of a list that has pages."""
        items: list[Any] = []
        for number in count(1):
            page = self._ask(operation, *arguments, per_page=PAGE, page=number, **options)
            if page.unreadable:
                return page
            items += page.value
            if len(page.value) < PAGE:
                break
        return Read(items)

    def _ask(
        self, operation: Callable[..., Any], *arguments: Any, none: str = "", **options: Any
    ) -> Read:
        """One answer as plain JSON. `none` is the message of a 404 that means: there is nothing."""
        import httpx2
        from ghapi.core import APIError

        try:
            response = operation(*arguments, raw_=True, **options)
        except (APIError, httpx2.HTTPStatusError) as error:
            response = error.response
        except httpx2.RequestError:
            response = None
        if response is None:
            raise RemoteError(f"{self._host} does not answer; check the network, then run again")
        return self._answer(response, none)

    def _answer(self, response: Any, none: str) -> Read:
        try:
            value = response.json()
        except ValueError:
            value = None
        status = response.status_code
        if status == 200 and value is not None:
            return Read(value)
        message = (
            " ".join(str(value.get("message", "")).split())[:200] if isinstance(value, dict) else ""
        )
        if status == 401:
            raise ForbiddenError(f"{self._host} refuses the token; set GITHUB_TOKEN to a valid one")
        if status == 404 and none and message == none:
            return Read(None)
        if status in (403, 404):
            return Read(unreadable=f"the token may not read it ({status} {message})")
        raise RemoteError(f"{self._host} answers {status}; run again later")
