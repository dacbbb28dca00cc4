"""Modules whose code changed while their `version` did not, told against an earlier modules_index.csv. Pure.

Nothing is wrong with that: an operator's fix reruns work and charges nobody. It is a warning because the other case
looks the same: code that makes something else of the same inputs, which tenants would get without paying for it.
"""
import csv
import io
from collections.abc import Iterator

from platform.maintain.facts import RepositoryFacts
from platform.model.cells import plain
from platform.model.problem import Problem


def changed_modules(facts: RepositoryFacts, index: bytes) -> Iterator[Problem]:
    """One warning a module, at its version. `index` is the modules_index.csv to compare with; what it does not know, or
    is not such a table at all, warns of nothing."""
    known = {row.get("module_id"): row for row in csv.DictReader(io.StringIO(index.decode(errors="replace")))}
    for module_id, contract in sorted(facts.repo.contracts.items()):
        row = known.get(module_id, {})
        if plain(row.get("version") or "") == contract.version and row.get("code_sha256") != facts.code(module_id):
            yield Problem(contract.source.place("version"), "module-changed",
                          f"the code of {module_id} changed, and its version is still {contract.version}",
                          "raise it if the same inputs give another result that tenants should pay for; otherwise work "
                          "is run again for nothing, and all is well", ("module", module_id), warning=True)
