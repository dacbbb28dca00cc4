"""Every check there is, and what they find together."""
from dataclasses import replace
from datetime import date

from platform.check.addresses import recipients, sender
from platform.check.bindings import bindings
from platform.check.contracts import contracts
from platform.check.filled import filled
from platform.check.granted import granted
from platform.check.graph import graph
from platform.check.inputs import inputs
from platform.check.leaving import leaving
from platform.check.money import bought, payments, prices, promotions, reasons, tenants
from platform.check.orders import modules, names, policy, schedules
from platform.check.packages import packages
from platform.check.say import CheckRule
from platform.check.titles import titles
from platform.model.problem import Problem
from platform.model.repo import Repo

_OF_ORDERS: tuple[CheckRule, ...] = (names, modules, policy, schedules, graph, inputs, bindings, leaving, packages,
                                     recipients, bought)
CHECKS: tuple[CheckRule, ...] = (
    names, filled, titles, modules, policy, schedules, graph, inputs, bindings, leaving, packages, recipients,  # orders
    contracts, granted, prices, bought, promotions, payments, tenants, reasons, sender,
)
# A contract that contradicts itself refuses the orders of its module, and says nothing of what is wrong in them.
_CONTRADICTIONS = frozenset({"unknown-input", "missing-input", "unknown-output"})


def check(repo: Repo, today: date) -> tuple[Problem, ...]:
    """The problems of reading and of every check, sorted by place, each once. Whoever writes them shows them all;
    `Problem.subject` says what each stops. Prices and promotions are judged by `today` (UTC)."""
    contradictory = {problem.subject[1] for problem in contracts(repo, today) if problem.code in _CONTRADICTIONS}
    judged = replace(repo, contracts={name: contract for name, contract in repo.contracts.items()
                                      if name not in contradictory}) if contradictory else repo
    found = {*repo.problems, *(problem for rule in CHECKS
                               for problem in rule(judged if rule in _OF_ORDERS else repo, today))}
    return tuple(sorted(found))
