"""A module's self-test, or its author's own parameters, as a planned step without a tenant. Pure.
"""
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from platform.model.contract import Contract, SelfTest, is_fixture
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Binding, Value
from platform.model.plan import PlannedStep

NO_TENANT = "module"  # six letters, the form of a tenant id


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """The step, and the fixtures that it binds, as paths below the module's directory."""

    step: PlannedStep
    fixtures: tuple[str, ...]


def planned_self_test(contract: Contract) -> PlannedTest:
    """The self-test of a contract; ValueError if it does not have one."""
    if contract.self_test is None:
        raise ValueError(f"{contract.module_id} has no self-test")
    return planned(contract, contract.self_test.params, "self_test",
                   _promised(contract, contract.self_test))


def planned(contract: Contract, values: Mapping[str, Value], order: str,
            promised: Collection[str] = ()) -> PlannedTest:
    """A step with these inputs, and with defaults for the others. `promised`: the outputs without
    which it has failed."""
    fixtures: list[str] = []
    params = {
        **{port.id: port.default for port in contract.inputs.values() if port.default is not None},
        **{name: with_fixtures(value, fixtures) for name, value in values.items()},
    }
    return PlannedTest(PlannedStep(
        id=StepId(NO_TENANT, order, contract.module_id[:32]),
        kind=contract.kind, contract=contract, index=0,
        task_hash=digest_of([order.replace("_", "-"), contract.module_id]), spec={}, params=params,
        upstream=(), deliverables=(), charges=(), required_outputs=frozenset(promised)),
        tuple(fixtures))


def with_fixtures(value: Value, fixtures: list[str]) -> Any:
    """Every map `{fixture: path}` becomes a binding of that file; the paths are added to
    `fixtures`."""
    if is_fixture(value):
        fixtures.append(value["fixture"])
        return Binding(asset=value["fixture"], as_path=value.get("as_path", ""))
    if isinstance(value, dict):
        return {name: with_fixtures(item, fixtures) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_fixtures(item, fixtures) for item in value]
    return value


def _promised(contract: Contract, test: SelfTest) -> frozenset[str]:
    """The outputs of the expected files: a self-test that completes without them has failed."""
    return frozenset(
        port.id for port in contract.outputs.values() if port.path in test.expect_files
    )
