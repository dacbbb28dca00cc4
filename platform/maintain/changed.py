"""Modules whose code changed since a modules_index.csv, while their `version` did not. Pure.

This can be right: an operator's fix runs work again and charges nobody. It is a warning because
another case looks the same: code that makes other results from the same inputs. Tenants would get
those results without paying for them.
"""
import csv
import io
from collections.abc import Iterator

from platform.maintain.facts import RepositoryFacts
from platform.model.cells import plain
from platform.model.problem import Problem


def changed_modules(facts: RepositoryFacts, index: bytes) -> Iterator[Problem]:
    """One warning per module, at its version.

    `index` is the modules_index.csv to compare with. A module that it does not list, or an `index`
    that is not such a table, gives no warning.
    """
    known = {
        row.get("module_id"): row
        for row in csv.DictReader(io.StringIO(index.decode(errors="replace")))
    }
    for module_id, contract in sorted(facts.repo.contracts.items()):
        row = known.get(module_id, {})
        if plain(row.get("version") or "") == contract.version and row.get(
            "code_sha256"
        ) != facts.code(module_id):
            yield Problem(contract.source.place("version"), "module-changed",
                          f"the code of {module_id} changed, but its version is still "
                          f"{contract.version}",
                          "raise the version if tenants should pay for a new result of the same "
                          "inputs; otherwise, the next run repeats the work without a charge",
                          ("module", module_id), warning=True)
