"""Which secrets a module is given: none that the platform uses itself, and only what the operator's profile grants."""
from collections.abc import Iterator
from datetime import date

from platform.check.contracts import RESERVED
from platform.check.say import of_module
from platform.model.problem import Problem
from platform.model.repo import Repo


def granted(repo: Repo, today: date) -> Iterator[Problem]:
    """What a contract asks for is the operator's to give, not the module author's to take."""
    own = repo.profile.own_secrets
    for contract in repo.contracts.values():
        for index, secret in enumerate(contract.secrets):
            at = ("requirements", "secrets", index, "name")
            if secret.name in own:
                yield of_module(contract, "reserved-name", f"the profile keeps {secret.name} for the platform itself",
                                "choose another name; no module is given the platform's own secrets", *at)
            elif RESERVED.fullmatch(secret.name):
                continue  # that is said of the contract by itself
            elif not repo.profile.grants(contract.module_id, secret.name):
                yield of_module(contract, "secret-not-granted", f"the profile does not grant {secret.name} to "
                                f"`{contract.module_id}`", f"add it to module_secrets.{contract.module_id} at "
                                f"{repo.profile.source.place('module_secrets')}", *at)
