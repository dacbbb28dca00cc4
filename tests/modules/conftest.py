"""A module run as the platform runs it, but in this process: its `src/` importable, its own vars, a fresh folder."""
import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform.files import Digests

MODULES = Path(__file__).resolve().parents[2] / "modules"

CONTEXT = {"tenant_id": "nxlkGI", "work_order_id": "UbjkpxZO", "step_id": "it", "run_id": "run0", "task_hash": "0" * 64,
           "delivery_key": "key0", "external_services": "recorded", "deliverables": []}


def contract_of(module_id: str) -> dict[str, Any]:
    return yaml.safe_load((MODULES / module_id / "module.yml").read_text())


def _bound(path: Path, **more: str) -> dict[str, Any]:
    digest = Digests().tree(path) if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return {"path": str(path), "sha256": digest, "bytes": path.stat().st_size, "content_type": "", "step_id": "up",
            "output_id": "out", "module_id": "upper", **more}


@pytest.fixture
def bound() -> Callable[..., dict[str, Any]]:
    """A file or folder as a step's params hold it."""
    return _bound


class Runner:
    """`run(...)` gives the result; `outputs` is where it wrote."""

    def __init__(self, module_id: str, folder: Path) -> None:
        self.module_id, self.outputs, self._folder = module_id, folder, folder
        self.contract = contract_of(module_id)
        ports = [port for side in self.contract["ports"]["inputs"].values() for port in side]
        self.defaults = {port["id"]: port["default"] for port in ports if "default" in port}

    def run(self, context: dict[str, Any] | None = None, **inputs: Any) -> dict[str, str]:
        self.outputs = self._folder / f"outputs{len(list(self._folder.iterdir()))}"
        self.outputs.mkdir()
        params = {**self.defaults, **inputs, "_platform": {**CONTEXT, "module_id": self.module_id, **(context or {})}}
        return self.code()(params, str(self.outputs))

    def code(self) -> Callable[[dict[str, Any], str], dict[str, str]]:
        """run() of a freshly loaded src/run.py; its siblings leave with it, so that modules never see each other's."""
        source = MODULES / self.module_id / "src"
        known = set(sys.modules)
        sys.path.insert(0, str(source))
        try:
            spec = importlib.util.spec_from_file_location(f"module_{self.module_id}", source / "run.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(source))
            for name in [name for name, loaded in sys.modules.items() if name not in known
                         and str(source) in str(getattr(loaded, "__file__", ""))]:
                del sys.modules[name]
        return module.run


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], Runner]:
    def make(module_id: str) -> Runner:
        folder = tmp_path / module_id
        folder.mkdir(exist_ok=True)
        return Runner(module_id, folder)
    return make
