"""A repository of its own for each test: modules written as text, steps planned by hand, everything run for real."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from platform.check.conform import faults, validator
from platform.config.schema import schema
from platform.files import Digests
from platform.model.contract import Contract, Deliverable, InputPort, OutputPort, Secret, Var
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.profile import Limits, Profile
from platform.model.run import RunRecord
from platform.ports.executor import Executor
from platform.run.context import RunContext
from platform.run.executors import executor_of
from platform.run.machine import this_machine
from platform.run.records import LOG, read_record, record_file, step_dir
from platform.run.step import run_step

ROOT = Path(__file__).resolve().parents[2]
TENANT, ORDER = "nxlkGI", "UbjkpxZO"
COMPLETED = 'return {"status": "COMPLETED"}'
_RECORD = validator(schema("run_record"))
needs_bwrap = pytest.mark.skipif(not this_machine().bwrap, reason=this_machine().lacking or "bubblewrap works")


@dataclass
class House:
    """A repository below a temporary folder. `profile` and `env` may be set before a run; the clock goes a second a
    look; waits between attempts are noted in `waited`, not waited for."""

    root: Path
    profile: Profile = field(default_factory=lambda: Profile(sandbox="process"))
    env: dict[str, str] = field(default_factory=dict)
    assets: dict[tuple[str, str], Path] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    executor: Executor | None = None  # of the newest context
    time: datetime = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)

    @property
    def runtime(self) -> Path:
        return self.root / "runtime"

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def context(self) -> RunContext:
        """What a new `doit run` would begin with; its executor is `executor`."""
        self.executor = executor_of(self.profile)
        return RunContext(root=self.root, runtime_dir=self.runtime, profile=self.profile, digests=Digests(),
                          env=self.env, now=self.now, record=lambda step_id: read_record(self.runtime, step_id),
                          executor=self.executor, assets=self.assets)

    def limits(self, **limits: Any) -> None:
        self.profile = replace(self.profile, limits=replace(Limits(), **limits))

    def module(self, module_id: str, body: str, *, kind: Kind = Kind.TRANSFORM,
               outputs: Mapping[str, str] | None = None, secrets: tuple[Secret, ...] = (),
               variables: tuple[Var, ...] = (), **contract: Any) -> Contract:
        """Write a module whose `run` has that body. `outputs` are paths by id; one that ends in / is a folder."""
        src = self.root / "modules" / module_id / "src"
        src.mkdir(parents=True, exist_ok=True)
        indented = dedent(body).strip().replace("\n", "\n    ")
        (src / "run.py").write_text("import os, sys, time\nfrom pathlib import Path\n\n\n"
                                    f"def run(params, outputs_dir):\n    out = Path(outputs_dir)\n    {indented}\n")
        ports = {name: OutputPort(name, "dir" if path.endswith("/") else "file", path.rstrip("/"))
                 for name, path in (outputs or {"text": "text.txt"}).items()}
        return Contract(module_id, module_id, "1.0", kind, "", outputs=ports, secrets=secrets, vars=variables,
                        inputs={"text": InputPort("text", "string")},
                        deliverables={"all": Deliverable("all", tuple(ports))}, **contract)

    def step(self, contract: Contract, step_id: str = "one", *, tenant: str = TENANT, order: str = ORDER,
             params: Mapping[str, Any] | None = None, upstream: tuple[str, ...] = (), bought: bool = False,
             timeout_s: int | None = None, retries: int = 0, reuse: Reuse = Reuse.CACHE) -> PlannedStep:
        """A planned step of a module. `bought`: all its outputs are."""
        params = params or {}
        return PlannedStep(
            id=StepId(tenant, order, step_id), kind=contract.kind, contract=contract, index=0,
            task_hash=digest_of([tenant, order, step_id, repr(params)]), spec={}, params=params, upstream=upstream,
            deliverables=("all",) if bought else (), charges=(),
            required_outputs=frozenset(contract.outputs) if bought else frozenset(), timeout_s=timeout_s,
            retries=retries, reuse=reuse)

    def run(self, step: PlannedStep, epoch: int = 0) -> RunRecord:
        """Run a step. Whatever its record says, the schema knows it."""
        record = run_step(self.context(), step, epoch, self.waited.append)
        assert faults(_RECORD, json.loads(record_file(self.runtime, step.id).read_bytes())) == []
        return record

    def folder(self, step: PlannedStep) -> Path:
        return step_dir(self.runtime, step.id)

    def log(self, step: PlannedStep) -> str:
        return (self.folder(step) / LOG).read_text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "repository")


@pytest.fixture(params=[pytest.param("bubblewrap", marks=needs_bwrap)])
def boxed(request: pytest.FixtureRequest, house: House) -> House:
    """Inside bubblewrap only: what a plain process cannot promise."""
    house.profile = replace(house.profile, sandbox=request.param)
    return house


@pytest.fixture(params=["process", pytest.param("bubblewrap", marks=needs_bwrap)])
def both(request: pytest.FixtureRequest, house: House) -> House:
    """The same story twice: as a plain process, and inside bubblewrap."""
    house.profile = replace(house.profile, sandbox=request.param)
    return house

