"""The delivery modules as a step runs them: profile and inputs in, receipt, log and reason out."""
import json
from datetime import datetime

import pytest

from platform.check.conform import validator

PROFILE = {"transport": "outbox", "from": "us@platform.example"}


@pytest.fixture
def package(bound, tmp_path):
    (tmp_path / "package.zip").write_bytes(b"PK a package")
    return bound(tmp_path / "package.zip")


@pytest.fixture
def mail(module, package, tmp_path):
    def run(settings=None, **inputs):
        run.runner = module("deliver_email")
        chosen = {**PROFILE, "outbox_dir": str(tmp_path / "outbox")} if settings is None else settings
        given = {"package_zip": package, "recipient_email": "reader@harbour.example"} | inputs
        return run.runner.run({"delivery": {"email": chosen}}, **given)
    return run


def read(path):
    return json.loads(path.read_text())


def conforms(receipt) -> bool:
    from platform.config.schema import schema
    return list(validator(schema("receipt")).iter_errors(receipt)) == []


def test_under_the_local_profile_a_mail_goes_into_the_outbox_and_says_so(mail, tmp_path):
    assert mail() == {"status": "COMPLETED"}
    receipt, log = (read(mail.runner.outputs / f"delivery_{name}.json") for name in ("receipt", "log"))
    assert (receipt["recorded"], receipt["verification_status"], log["recorded"]) == (True, "verified", True)
    assert datetime.fromisoformat(receipt["delivered_at"]).utcoffset().total_seconds() == 0
    assert [event["event"] for event in log["events"]] == ["look", "put", "look"]
    assert conforms(receipt)
    assert len(list((tmp_path / "outbox").glob("*/key0-*.eml"))) == 1


def test_the_same_delivery_again_writes_no_second_mail(mail, tmp_path):
    mail()
    assert mail() == {"status": "COMPLETED"}
    assert read(mail.runner.outputs / "delivery_receipt.json")["verification_status"] == "already_exists_verified"
    assert len(list((tmp_path / "outbox").glob("*/*"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("size", "status"), [(20_866_661, "COMPLETED"), (20_866_662, "FAILED")])
def test_the_cap_is_for_package_zip_and_nothing_is_sent_at_it(mail, bound, tmp_path, size, status):
    with (tmp_path / "package.zip").open("wb") as file:
        file.truncate(size)
    result = mail(package_zip=bound(tmp_path / "package.zip"))
    assert result["status"] == status
    if status == "FAILED":
        assert result["reason_slug"] == "package_too_large_for_email"
        assert not (tmp_path / "outbox").exists()
        assert list(mail.runner.outputs.iterdir()) == []


@pytest.mark.parametrize(("inputs", "slug"), [
    ({"recipient_email": None}, "missing_required_input"),
    ({"recipient_email": "reader@mailinator.com"}, "recipient_domain_stoplisted"),
    ({"recipient_email": "reader@shop.invalid"}, "recipient_domain_stoplisted"),
    ({"recipient_email": "two@harbour.example,three@harbour.example"}, "bad_input_format"),
    ({"package_zip": {"path": "/nowhere/package.zip"}}, "missing_required_input"),
    ({"manifest_json": {"path": "/nowhere/manifest.json"}}, "missing_required_input"),
    ({"manifest_json": {"path": __file__}}, "bad_input_format"),
])
def test_a_request_that_cannot_be_met_is_refundable(mail, inputs, slug):
    result = mail(**inputs)
    assert (result["status"], result["reason_slug"]) == ("FAILED", slug)


@pytest.mark.parametrize("text", ['{"files": [{"dest_path": "a", "bytes": 1e999}]}', '{"files": ' + "[" * 100_000,
                                  '{"files": [{"dest_path": "a", "bytes": NaN}]}'])
def test_a_manifest_with_values_that_nothing_can_hold_is_refundable(mail, bound, tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    result = mail(manifest_json=bound(tmp_path / "manifest.json"))
    assert (result["status"], result["reason_slug"]) == ("FAILED", "bad_input_format")


def test_a_refusal_after_an_unverified_try_is_not_refundable(module, package):
    context = {"delivery": {"email": {}}, "may_have_delivered": True}
    result = module("deliver_email").run(context, package_zip=package, recipient_email="reader@mailinator.com")
    assert (result["status"], result["reason_slug"]) == ("FAILED", "unverified")
    assert "an earlier try may have arrived" in result["message"]


@pytest.mark.parametrize("settings", [
    {}, {"transport": "outbox"}, {"transport": "smtp", "from": "us@platform.example"},
    {"from": "us@platform.example", "outbox_dir": "x"}, {"transport": "outbox", "outbox_dir": "x"}])
def test_a_profile_that_is_not_complete_never_falls_back_to_the_outbox(mail, settings):
    result = mail(settings)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "delivery_failed")
    assert "profile" in result["message"]


def test_a_log_in_without_its_password_is_a_missing_secret(mail, monkeypatch):
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    result = mail({"transport": "smtp", "host": "127.0.0.1", "from": "us@platform.example", "username": "robot"})
    assert (result["status"], result["reason_slug"]) == ("FAILED", "secrets_missing")
    assert "SMTP_PASSWORD" in result["message"]


def test_the_mail_names_the_files_of_the_manifest(mail, bound, tmp_path):
    (tmp_path / "manifest.json").write_text('{"files": [{"dest_path": "text/outline.txt", "bytes": 12}]}')
    mail(manifest_json=bound(tmp_path / "manifest.json"))
    [file] = (tmp_path / "outbox").glob("*/*")
    assert b"text/outline.txt (12 bytes)" in file.read_bytes()


def test_a_folder_delivery_lies_at_its_remote_path(module, package, tmp_path):
    runner = module("deliver_folder")
    context = {"delivery": {"folder": {"root_dir": str(tmp_path / "put")}}}
    assert runner.run(context, package_zip=package) == {"status": "COMPLETED"}
    receipt = read(runner.outputs / "delivery_receipt.json")
    assert receipt["remote_path"] == "nxlkGI/UbjkpxZO/run0/it/package_artifacts/package.zip"
    assert (tmp_path / "put" / receipt["remote_path"]).read_bytes() == b"PK a package"
    assert conforms(receipt)


def test_a_profile_without_a_folder_is_told_so(module, package):
    result = module("deliver_folder").run({"delivery": {}}, package_zip=package)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "delivery_failed")
    assert "delivery.folder.root_dir" in result["message"]
