"""Check, before anything is charged, that this machine has what the orders' modules need: secrets
in the environment, and Python packages that not every installation has."""
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from platform.model.contract import Contract
from platform.model.problem import Problem
from platform.model.repo import Repo
from platform.toolfiles import extra


def missing_secrets(repo: Repo, env: Mapping[str, str]) -> tuple[Problem, ...]:
    """One problem for each secret that a used module requires and that the environment lacks.

    A module with external services needs no secrets under `external_services: recorded`, because
    no service is called. Under `live`, a module never falls back to its recorded fixtures.
    """
    problems = []
    for module_id in _used(repo):
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


def missing_packages(repo: Repo, env: Mapping[str, str]) -> Iterator[Problem]:
    """One problem for each package that a used module or the profile's key needs and that this
    Python lacks. Without a key nothing is signed, and that needs no package."""
    for module_id in _used(repo):
        yield from packages_of(repo.contracts[module_id])
    signing = repo.profile.signing
    has_key = env.get(signing.get("key_env", "")) or signing.keys() & {"key_file", "public_key"}
    if has_key and find_spec("cryptography") is None:
        yield Problem(repo.profile.source.place("signing"), "package-missing",
                      "this Python does not have the package `cryptography`, which signing needs",
                      f"pip install '{extra('signing')}'")


def packages_of(contract: Contract) -> Iterator[Problem]:
    """One problem for each package that a module imports and that this Python lacks."""
    for index, package in enumerate(contract.packages):
        if find_spec(package.name.partition(".")[0]) is None:
            place = contract.source.place("requirements", "packages", index, "name")
            yield Problem(place, "package-missing",
                          f"this Python does not have the package `{package.name}`, which the "
                          f"module {contract.module_id} imports",
                          f"pip install '{package.install}'", ("module", contract.module_id))


def _used(repo: Repo) -> list[str]:
    """The readable modules of the enabled steps of enabled orders, sorted."""
    used = {step.module_id for order in repo.orders.values() if order.enabled
            for step in order.steps if step.enabled}
    return sorted(used & repo.contracts.keys())
