"""The whole way of one hostile file: a small repository in which one file is replaced, read, checked and planned.

`try_file` is what the fuzz tests, `scripts/fuzz` and atheris call. It raises when anything but values and one-line
problems comes out; how long it took is its answer, because a file that costs seconds is a fault too.
"""
import importlib.util
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from platform.check import check
from platform.config.load import load_profile, load_repo
from platform.files import Digests
from platform.model.characters import refused_in
from platform.plan.expand import expand

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LIMIT_S = 2.0


def _small() -> ModuleType:
    """tests/check/conftest.py: the small repository that is right in everything."""
    spec = importlib.util.spec_from_file_location("small_repository", ROOT / "tests" / "check" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SMALL = _small()
FILES: dict[str, str] = {name: text for name, text in SMALL.FILES.items() if not name.endswith(".py")}
RICH_ORDER = """\
work_order_id: UbjkpxZO
mode: STRICT
schedule_cron: 0 6 * * 1
promotions: [WELCOME]
metadata: {title: Sails, created_at: "2026-11-24"}
steps:
  - {step_id: a, module_id: make, kind: transform, deliverables: [all, extra], inputs: {topic: sails, count: 3}}
  - step_id: b
    module_id: make
    kind: transform
    needs: [a]
    inputs:
      topic: {from_step: a, output_id: report, selector: json, json_path: "$.a[0]"}
      table: {asset: table.csv}
      tags: [one, {from_step: a, output_id: text, selector: text}]
  - step_id: p
    module_id: pack
    kind: packaging
    inputs: {files: [{from_step: a, output_id: text, as_path: b/text.txt}, {asset: table.csv, as_path: table.csv}]}
  - step_id: d
    module_id: send
    kind: delivery
    inputs: {package_zip: {from_step: p, output_id: package_zip}, recipient: a@example.com, subject: Sails}
"""
ORDER, CONTRACT, PRICES = SMALL.ORDER, "modules/make/module.yml", "config/module_prices.csv"
FILES[ORDER] = RICH_ORDER
KINDS = (ORDER, CONTRACT, PRICES, "config/promotions.csv", "config/payments.csv", "config/topup_methods.csv",
         "config/reasons.yml", "config/runtime_profile.yml", "tenants/nxlkGI/tenant.yml")


class Whole:
    """One repository for many tries: each writes its file, looks, and puts the right one back."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="fuzz-"))
        SMALL.Small(self.root).put(ORDER, RICH_ORDER)

    def close(self) -> None:
        shutil.rmtree(self.root)

    def try_file(self, file: str, data: bytes) -> float:
        """Seconds of processor time; AssertionError or the defect's own exception when something is wrong."""
        path = self.root / file
        path.write_bytes(data)
        began = time.process_time()
        try:
            self._look()
        finally:
            path.write_bytes(FILES[file].encode())
        return time.process_time() - began

    def _look(self) -> None:
        profile, wrong = load_profile(self.root, self.root / "config/runtime_profile.yml")
        repo = load_repo(self.root, profile, Digests())
        problems = tuple(sorted((*wrong, *check(repo, NOW.date()))))
        for problem in problems:
            line = str(problem)
            assert not refused_in(line), line
            assert problem.place.line >= 1, line
            assert problem.place.column >= 1, line
            assert len(line) < 2000, line
        plan = expand(repo, problems, NOW)
        assert not plan.orders.keys() & plan.refused.keys()
        if any(not problem.warning and problem.subject == () for problem in problems):
            assert not plan.orders, "a problem that stops everything stopped nothing"
