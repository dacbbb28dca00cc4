"""A module's self-test as a planned step without a tenant; fixtures become assets. Pure."""
from dataclasses import dataclass
from typing import Any

from platform.model.contract import Contract, SelfTest
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
    fixtures: list[str] = []
    params = {
        **{port.id: port.default for port in contract.inputs.values() if port.default is not None},
        **_with_fixtures(dict(contract.self_test.params), fixtures),
    }
    promised = _promised(contract, contract.self_test)
    return PlannedTest(PlannedStep(
        id=StepId(NO_TENANT, "self_test", contract.module_id[:32]),
        kind=contract.kind, contract=contract, index=0,
        task_hash=digest_of(["self-test", contract.module_id]), spec={}, params=params, upstream=(),
        deliverables=(), charges=(), required_outputs=promised), tuple(fixtures))


def _with_fixtures(value: Value, fixtures: list[str]) -> Any:
    """Every map `{fixture: path}` becomes a binding of that file; the paths are added to
    `fixtures`."""
    if isinstance(value, dict) and "fixture" in value:
        fixtures.append(value["fixture"])
        return Binding(asset=value["fixture"], as_path=value.get("as_path", ""))
    if isinstance(value, dict):
        return {name: _with_fixtures(item, fixtures) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_fixtures(item, fixtures) for item in value]
    return value


def _promised(contract: Contract, test: SelfTest) -> frozenset[str]:
    """The outputs of the expected files: a self-test that completes without them has failed."""
    return frozenset(
        port.id for port in contract.outputs.values() if port.path in test.expect_files
    )
