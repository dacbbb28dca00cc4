"""Check, before anything is charged, that the secrets of the orders' modules are set."""
from collections.abc import Mapping

from platform.model.problem import Problem
from platform.model.repo import Repo


def missing_secrets(repo: Repo, env: Mapping[str, str]) -> tuple[Problem, ...]:
    """One problem for each secret that a used module requires and that the environment lacks.

    A module with external services needs no secrets under `external_services: recorded`, because
    no service is called. Under `live`, a module never falls back to its recorded fixtures.
    """
    used = {
        step.module_id
        for order in repo.orders.values()
        if order.enabled
        for step in order.steps
        if step.enabled
    }
    problems = []
    for module_id in sorted(used & repo.contracts.keys()):
        contract = repo.contracts[module_id]
        if contract.external and repo.profile.external_services == "recorded":
            continue
        problems += [
            Problem(
                repo.profile.source.place("external_services"),
                "secrets-missing",
                f"module {module_id} needs the secret {secret.name}, which is not in the "
                "environment",
                f"set {secret.name}, or use a profile with external_services: recorded",
                ("module", module_id),
            )
            for secret in contract.secrets
            if secret.required and not env.get(secret.name)
        ]
    return tuple(problems)
