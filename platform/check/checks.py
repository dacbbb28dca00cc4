"""All checks, and the problems that they find together."""
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
from platform.check.money import bought, payments, prices, promotions, reasons_rule, tenants
from platform.check.orders import modules, names, policy, schedules
from platform.check.packages import packages
from platform.check.problems import CheckRule
from platform.check.titles import titles
from platform.model.problem import Problem
from platform.model.repo import Repo

_OF_ORDERS: tuple[CheckRule, ...] = (
    names,
    modules,
    policy,
    schedules,
    graph,
    inputs,
    bindings,
    leaving,
    packages,
    recipients,
    bought,
)
CHECKS: tuple[CheckRule, ...] = (
    *_OF_ORDERS,
    filled,
    titles,
    contracts,
    granted,
    prices,
    promotions,
    payments,
    tenants,
    reasons_rule,
    sender,
)
# A contract with one of these errors contradicts itself. It stops the orders of its module, so
# checks of those orders against it would only repeat its errors.
_CONTRADICTIONS = frozenset({"unknown-input", "missing-input", "unknown-output"})


def check(repo: Repo, today: date) -> tuple[Problem, ...]:
    """The problems of reading and of all checks, sorted by place, without duplicates.

    `today` (UTC) decides which prices and promotions are in force. `Problem.subject` says what each
    problem stops."""
    contradictory = {
        problem.subject[1] for problem in contracts(repo, today) if problem.code in _CONTRADICTIONS
    }
    consistent = replace(repo, contracts={
        name: contract for name, contract in repo.contracts.items()
        if name not in contradictory}) if contradictory else repo
    found = {*repo.problems, *(problem for rule in CHECKS for problem in rule(
        consistent if rule in _OF_ORDERS else repo, today))}
    return tuple(sorted(found))
