"""Which secrets a module receives: only those that the profile grants, never the platform's."""
from collections.abc import Iterator
from datetime import date

from platform.check.contracts import RESERVED
from platform.check.problems import of_module
from platform.model.problem import Problem
from platform.model.repo import Repo


def granted(repo: Repo, today: date) -> Iterator[Problem]:
    """The operator, not the module's author, decides which secrets the module receives."""
    own = repo.profile.own_secrets
    used = {step.module_id for order in repo.orders.values() for step in order.steps}
    for contract in repo.contracts.values():
        if contract.module_id in repo.module_dirs.keys() - used:
            continue  # brought by the tool or a package, and of no use here
        for index, secret in enumerate(contract.secrets):
            at = ("requirements", "secrets", index, "name")
            if secret.name in own:
                yield of_module(contract, "reserved-name",
                                f"the profile reserves {secret.name} for the platform itself",
                                "choose another name; modules never receive the platform's secrets",
                                *at)
            elif RESERVED.fullmatch(secret.name):
                continue  # `contracts` reports it
            elif not repo.profile.grants(contract.module_id, secret.name):
                yield of_module(
                    contract,
                    "secret-not-granted",
                    f"the profile does not grant {secret.name} to `{contract.module_id}`",
                    f"add it to module_secrets.{contract.module_id} at "
                    f"{repo.profile.source.place('module_secrets')}",
                    *at,
                )
