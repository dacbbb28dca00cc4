"""A mail that was delivered is not sent again, wherever the ledger goes: whole runs and a real mail server.

SMTP cannot be asked whether a mail arrived; the ledger has the receipt, so it is asked instead.
"""
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    """A repository whose one order was mailed, and the server that took the mail."""

    def __init__(self, root: Path, server, authority) -> None:
        self.root, self.server = repository(root), server
        self.smtp = OUTBOX + (f"delivery: {{email: {{transport: smtp, host: {server.host}, port: {server.port}, "
                              f"ca_file: {authority.ca_file}, from: us@platform.example}}}}\n")
        self.profile = self.root / "config" / "runtime_profile.yml"
        self.profile.write_text(self.smtp)
        (self.root / "tenants/tenant/workorders").mkdir()
        (self.root / "tenants/tenant/workorders/tea.yml").write_text(ORDER)

    def run(self, line: str = "doit run") -> str:
        done = command(self.root, line)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

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


@pytest.fixture
def house(tmp_path: Path, mail_server, authority) -> Iterator[House]:
    with mail_server() as server:
        made = House(tmp_path / "repo", server, authority)
        made.run()
        assert made.mails == 1
        yield made


def test_a_runner_that_lost_its_runtime_folder_does_not_send_the_mail_again(house: House) -> None:
    receipt, posts = (house.root / MAIL / "delivery_receipt.json").read_bytes(), house.posts
    shutil.rmtree(house.root / "runtime")
    told = house.run()
    assert (house.mails, house.posts) == (1, posts)
    assert "completed    tenant/tea/mail" in told and "(already_delivered; " in told
    assert (house.root / MAIL / "delivery_receipt.json").read_bytes() == receipt
    *_, last = house.read("log")["events"]
    assert (last["event"], last["outcome"]) == ("ledger", "delivered")
    assert last["detail"].endswith("as the ledger's evidence says; nothing was sent, and the log of then is not kept")
    assert "nothing posted" in house.run()
    house.run("python -m platform.cli integrity-validate")
    assert house.mails == 1


def test_who_made_another_package_meanwhile_is_told_which_one_was_delivered(house: House) -> None:
    """What is lost is not asked for anew: a search, say, finds other things a week later."""
    sent = house.read("receipt")
    shutil.rmtree(house.root / "runtime")
    house.repair()
    house.run()
    assert (house.mails, house.read("receipt")) == (1, sent)
    assert house.read("log")["events"][-1]["detail"].startswith(f"another package, of SHA-256 {sent['sha256']}, was")


def test_a_repair_is_mailed_while_the_run_that_it_repairs_is_known(house: House) -> None:
    house.repair()
    house.run()
    assert house.mails == 2


def test_a_receipt_that_somebody_deleted_is_made_again_and_no_mail_sent(house: House) -> None:
    receipt = house.read("receipt")
    (house.root / MAIL / "delivery_receipt.json").unlink()
    house.run()
    assert (house.mails, house.read("receipt")) == (1, receipt)


def test_a_mail_is_sent_again_when_somebody_asks_for_it(house: House) -> None:
    shutil.rmtree(house.root / "runtime")
    house.run("doit run -a step:tenant/tea/mail")
    assert house.mails == 2


def test_a_mail_that_was_only_written_to_the_outbox_has_reached_nobody(tmp_path: Path, mail_server, authority) -> None:
    with mail_server() as server:
        house = House(tmp_path / "repo", server, authority)
        house.profile.write_text(OUTBOX + "delivery: {email: {transport: outbox, outbox_dir: outbox, "
                                          "from: us@platform.example}}\n")
        house.run()
        assert house.mails == 0
        shutil.rmtree(house.root / "runtime")
        house.profile.write_text(house.smtp)
        house.run()
        assert house.mails == 1
