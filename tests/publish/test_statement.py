"""The statement beside a package, held against in-toto's own implementation, OpenSSL's keys, and damage."""
import base64
import json
import shutil

import pytest

from platform.check.conform import faults, validator
from platform.config.schema import schema
from platform.files import sha256_file
from tests.support import accept_loss, command, rows

PUBLISH = "python scripts/publish_artifacts_release.py --runtime-profile config/signed.yml"
PROFILE = ("profile_id: signed\nrelease_store: {type: folder, dir: releases}\n"
           "signing: {key_env: RELEASE_KEY}\n")


@pytest.fixture(scope="module")
def keys():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    def key():
        made = Ed25519PrivateKey.generate()
        public = base64.b64encode(made.public_key().public_bytes_raw()).decode()
        return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public

    return key(), key()


@pytest.fixture(scope="module")
def signed(tmp_path_factory, keys, request):
    """A repository whose order was published with the first key."""
    from tests.support import delivered

    repo = delivered(tmp_path_factory.mktemp("signed") / "repo")
    (repo / "config" / "signed.yml").write_text(PROFILE)
    done = command(repo, PUBLISH, RELEASE_KEY=keys[0][0])
    assert done.returncode == 0, done.stderr
    return repo


@pytest.fixture
def package(signed, tmp_path):
    """One package with its statement, in a folder of the test's own: what a tenant downloads."""
    for file in (signed / "releases" / "artifacts-tenant").glob("*-said-*"):
        shutil.copy(file, tmp_path)
    return next(tmp_path.glob("*.zip"))


def told(package):
    return json.loads(package.with_name(package.name + ".intoto.json").read_bytes())


def payload(package):
    return json.loads(base64.b64decode(told(package)["payload"]))


def verify(repo, package, *options):
    return command(repo, " ".join(["python -m platform.cli verify-artifact", str(package), *options]))


def test_in_totos_own_classes_find_a_statement_and_slsa_provenance(package):
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    message = json_format.ParseDict(payload(package), Message())  # strict: an unknown field is an error
    Statement.copy_from_pb(message).validate()
    assert message.subject[0].digest["sha256"] == sha256_file(package)
    provenance = json_format.ParseDict(json_format.MessageToDict(message.predicate), Provenance())
    assert message.predicate_type == "https://slsa.dev/provenance/v1"
    assert provenance.run_details.builder.id and provenance.run_details.metadata.finished_on.seconds > 0
    assert [one.name for one in provenance.build_definition.resolved_dependencies] == ["modules/say"]


def test_it_names_the_row_of_the_ledger_that_paid_for_it(signed, package):
    item = payload(package)["predicate"]["buildDefinition"]["internalParameters"]["ledger_item"]
    row = next(row for row in rows(signed / ".billing-state" / "transaction_items.csv")
               if row["transaction_item_id"] == item["transaction_item_id"])
    metadata = json.loads(row["metadata_json"])
    assert (row["deliverable_id"], metadata["idempotency_key"]) == ("said", item["idempotency_key"])
    inner = payload(package)["predicate"]["buildDefinition"]["internalParameters"]
    assert metadata["task_hash"] == inner["task_hash"]
    record = json.loads((signed / "runtime/tenant/tea/one/run.json").read_text())
    assert inner["inputs_digest"] == record["inputs_digest"]


def test_what_was_put_in_is_not_told(package):
    assert "tea\\n" not in json.dumps(payload(package))
    assert '"text"' not in json.dumps(payload(package))


def test_a_package_of_a_step_with_bindings_names_what_it_is_made_of(signed):
    statement = next((signed / "releases" / "artifacts-tenant").glob("*-package-*.intoto.json"))
    made_of = json.loads(base64.b64decode(json.loads(statement.read_bytes())["payload"]))[
        "predicate"]["buildDefinition"]["resolvedDependencies"]
    upstream = json.loads((signed / "runtime/tenant/tea/one/run.json").read_text())["task_hash"]
    assert made_of[1] == {"name": "inputs/bound_outputs/0", "digest": {"task_hash": upstream}}


def test_the_same_publication_has_the_same_bytes_elsewhere(signed, keys, tmp_path):
    repo = shutil.copytree(signed, tmp_path / "repo")
    before = {path.name: path.read_bytes() for path in (repo / "releases").rglob("*") if path.is_file()}
    (repo / "config" / "signed.yml").write_text(PROFILE.replace("dir: releases", "dir: others"))
    journal = repo / ".billing-state" / "journal.csv"
    lines = journal.read_text().splitlines(keepends=True)
    shutil.rmtree(repo / ".billing-state")
    journal.parent.mkdir()
    journal.write_text("".join(line for line in lines if ",publish," not in line))  # the evidence is the last of it
    accept_loss(repo)
    assert command(repo, PUBLISH, RELEASE_KEY=keys[0][0]).returncode == 0
    assert {path.name: path.read_bytes() for path in (repo / "others").rglob("*") if path.is_file()} == before


def test_a_tenant_verifies_it_with_the_operators_key_and_nothing_else(package, keys, tmp_path):
    done = verify(_anywhere(tmp_path), package, "--public-key", keys[0][1], "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["signature"], found["package_sha256"]) == (0, "verified", sha256_file(package))
    assert "signed, but not checked" in verify(_anywhere(tmp_path), package).stdout


def _anywhere(tmp_path):
    """A folder that is no repository."""
    folder = tmp_path / "anywhere"
    folder.mkdir(exist_ok=True)
    return folder


def _rewritten(package, **changes):
    told_ = told(package)
    package.with_name(package.name + ".intoto.json").write_text(json.dumps({**told_, **changes}))


def _payload_with(package, **changes):
    return base64.b64encode(json.dumps({**payload(package), **changes}).encode()).decode()


@pytest.mark.parametrize(("damage", "options", "status", "words"), [
    (lambda package: package.write_bytes(package.read_bytes()[:-1] + b"!"), "", 13, "its statement is about"),
    (lambda package: _rewritten(package, payload=_payload_with(package, subject=[])), "", 13, "about 0 packages"),
    (lambda package: _rewritten(package, payload=_payload_with(package, predicate={})), "", 13,
     "not a statement about"),
    (lambda package: _rewritten(package, payload=_payload_with(package, _type="other")), "", 13, "another kind"),
    (lambda package: _rewritten(package, payload="bm90IGpzb24="), "", 13, "not JSON"),
    (lambda package: _rewritten(package, payloadType="text/plain"), "", 13, "text/plain"),
    (lambda package: _rewritten(package, signatures=[]), "KEY", 13, "is not signed"),
    (lambda package: _rewritten(package, payload=_payload_with(package, extra=1)), "KEY", 13, "is not signed by"),
    (lambda package: None, "OTHER", 13, "is not signed by"),
    (lambda package: package.with_name(package.name + ".intoto.json").write_text("[" * 100_000), "", 13, "nested"),
    (lambda package: package.with_name(package.name + ".intoto.json").write_text("{\n <html>"), "", 13,
     ".zip.intoto.json:2:2: error[not-json]: this is not JSON; download the package and its statement "),
    (lambda package: package.with_name(package.name + ".intoto.json").write_text("[]"), "", 13,
     "is not a DSSE envelope: it needs `payload`"),
    (lambda package: package.unlink(), "", 2, "the file does not exist"),
    (lambda package: None, "nonsense", 2, "is not a public key"),
])
def test_whatever_is_wrong_is_one_line_and_no_yes(package, keys, tmp_path, damage, options, status, words):
    damage(package)
    asked = {"": (), "KEY": ("--public-key", keys[0][1]), "OTHER": ("--public-key", keys[1][1])}.get(
        options, ("--public-key", options))
    done = verify(_anywhere(tmp_path), package, *asked)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1), done.stderr
    assert words in done.stderr


def test_without_a_key_the_statement_says_that_nobody_signed(signed, tmp_path):
    repo = shutil.copytree(signed, tmp_path / "repo")
    (repo / "tenants/tenant/workorders/tea.yml").write_text(
        (repo / "tenants/tenant/workorders/tea.yml").read_text().replace("text: tea", "text: cup"))
    command(repo, "doit run")
    assert command(repo, PUBLISH.replace("signed.yml", "runtime_profile.yml") + " --no-publish").returncode == 0
    package = next((repo / "runtime" / "published" / "artifacts-tenant").glob("*-said-*.zip"))
    assert told(package)["signatures"] == []
    assert "not signed: the origin is not proved" in verify(repo, package).stdout


def test_what_is_signed_is_what_the_schema_says(package):
    assert faults(validator(schema("artifact_statement")), payload(package)) == []
