"""The secrets template: every secret and variable that modules and profiles read, with empty
values. Pure.

A secret's value is never in the repository. The operator copies this file to another place, fills
it in, and puts it into the environment (or into the CI's secrets, name by name).
"""
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from platform.maintain.facts import CONTRACTS, PROFILES, RepositoryFacts

SECRETS_NAME = "secrets_template"
SOURCES = (CONTRACTS, PROFILES)
_VARIABLE = "variable"
_HEAD = """\
# Every secret and variable that modules and runtime profiles read. `doit run maintenance` writes
# this file: do not fill it in here. Copy it to a place outside of the repository, fill in what you
# need, and put it into the environment of a run.
"""


@dataclass(frozen=True, slots=True, order=True)
class _SecretUse:
    """One reader of a name."""

    name: str
    reader: str
    kind: str
    note: str


def secrets_template(facts: RepositoryFacts) -> bytes:
    """The file's bytes, sorted by name. Comments above a name say what reads it, and why.

    A variable is not read from the environment: its line is a comment that says where it is set.
    """
    by_name: dict[str, list[_SecretUse]] = {}
    for use in sorted({*_of_modules(facts), *_of_profiles(facts)}):
        by_name.setdefault(use.name, []).append(use)
    return (_HEAD + "".join(_block(name, uses) for name, uses in by_name.items())).encode()


def _block(name: str, uses: Collection[_SecretUse]) -> str:
    lines = [f"# {use.kind} of {use.reader}{f': {use.note}' if use.note else ''}" for use in uses]
    front = "# " if all(use.kind == _VARIABLE for use in uses) else ""
    return "\n" + "\n".join(" ".join(line.split()) for line in lines) + f"\n{front}{name}=\n"


def _of_modules(facts: RepositoryFacts) -> Iterator[_SecretUse]:
    for module_id, contract in facts.repo.contracts.items():
        reader = f"module {module_id}"
        for secret in contract.secrets:
            kind = "required secret" if secret.required else "optional secret"
            yield _SecretUse(secret.name, reader, kind, secret.note)
        for var in contract.vars:
            yield _SecretUse(
                var.name,
                f"{reader}, whose module.yml sets it to {var.value!r}",
                _VARIABLE,
                var.note,
            )


def _of_profiles(facts: RepositoryFacts) -> Iterator[_SecretUse]:
    for profile in facts.profiles:
        if name := profile.release_store.get("token_env"):
            yield _SecretUse(str(name), f"profile {profile.profile_id}", "secret",
                             "The token of its release store and its Actions cache.")
