"""A repository whose one order is mailed, and the server that takes the mail: for tests of whole runs."""
import json
import subprocess
import sys
from pathlib import Path

from tests.support import command, repository, rows

ORDER = """work_order_id: tea
artifacts_requested: true
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea}}
  - step_id: package
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {bound_outputs: [{from_step: one, output_id: said, as_path: said.txt}]}
  - step_id: mail
    module_id: deliver_email
    kind: delivery
    deliverables: [delivery_receipt, delivery_log]
    inputs: {package_zip: {from_step: package, output_id: package_zip}, recipient_email: reader@tenant.test}
"""
OUTBOX = "profile_id: local\nexternal_services: recorded\nsandbox: process\ncache: false\n"
MAIL = "runtime/tenant/tea/mail/outputs"


class House:
    """`run` says what a command wrote to both of its streams."""

    def __init__(self, root: Path, server, authority, more: str = "") -> None:
        self.root, self.server = repository(root), server
        self.smtp = OUTBOX + (f"delivery: {{email: {{transport: smtp, host: {server.host}, port: {server.port}, "
                              f"ca_file: {authority.ca_file}, from: us@platform.example, "
                              f"answer_timeout_s: 30{more}}}}}\n")
        self.profile = self.root / "config" / "runtime_profile.yml"
        self.profile.write_text(self.smtp)
        (self.root / "tenants/tenant/workorders").mkdir()
        (self.root / "tenants/tenant/workorders/tea.yml").write_text(ORDER)

    def run(self, line: str = "doit run", exit_status: int = 0) -> str:
        done = self.command(line)
        assert done.returncode == exit_status, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def command(self, line: str) -> subprocess.CompletedProcess[str]:
        return command(self.root, line)

    def settle(self, what: str, exit_status: int = 0) -> str:
        return self.run(f"python -m platform.cli delivery settle tenant/tea/mail {what}", exit_status)

    def kinds(self, *kinds: str) -> list[str]:
        """The kinds of the posts, or of these kinds only."""
        return [row["kind"] for row in self.posts if not kinds or row["kind"] in kinds]

    @property
    def balance(self) -> int:
        return int(rows(self.root / ".billing-state/tenants_credits.csv")[0]["credits_available"])

    def state(self, step: str = "mail") -> str:
        told = json.loads(self.run("python -m platform.cli status --json"))
        (order,) = told["orders"]
        return next(f"{each['state']} {each['reason']}".rstrip() for each in order["steps"] if each["step_id"] == step)

    @property
    def mails(self) -> int:
        return len(self.server.received)

    @property
    def posts(self) -> list[dict[str, str]]:
        return rows(self.root / ".billing-state/journal.csv")

    def read(self, name: str):
        return json.loads((self.root / MAIL / f"delivery_{name}.json").read_text())

    def repair(self) -> None:
        """The operator mends what the package is made by: other bytes, the same order."""
        code = self.root / "modules/say/src/run.py"
        code.write_text(code.read_text().replace('"\\n"', '"!\\n"'))


def start(house: House, *words: str) -> subprocess.Popen[str]:
    """`doit run` that goes on beside us."""
    program = Path(sys.executable).parent / "doit"
    return subprocess.Popen([program, "run", *words], cwd=house.root, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
