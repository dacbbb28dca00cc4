"""GitHub's own client reads what the store published: `gh`, which was written without us, over TLS as it demands."""
import datetime
import hashlib
import ipaddress
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.releases.fake_github import TOKEN, FakeGitHub

GH = Path(sys.executable).parent / "gh"


@pytest.fixture
def certificate(tmp_path):
    """Of this machine, trusted by nobody but who is told to: a PEM file with its key."""
    key, now, day = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC), datetime.timedelta(1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
    here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(here), critical=False).sign(key, hashes.SHA256()))
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


@pytest.fixture
def github(certificate, monkeypatch):
    if not GH.exists():
        pytest.skip("gh is not installed: pip install -e .[test]")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with FakeGitHub(prefix="/api/v3", tls=context) as fake:
        yield fake


def gh(github, tmp_path, *words):
    host = github.origin.removeprefix("https://")
    env = {**os.environ, **github.env(), "GH_ENTERPRISE_TOKEN": TOKEN, "GH_CONFIG_DIR": str(tmp_path / "gh"),
           "NO_COLOR": "1", "GH_NO_UPDATE_NOTIFIER": "1"}
    return subprocess.run([GH, *words, "-R", f"{host}/{github.repository}"], env=env, cwd=tmp_path, check=False,
                          capture_output=True, text=True)


def test_gh_reads_what_the_store_published(github, a_file, tmp_path):
    content = bytes(range(256)) * 999
    store = github.store()
    store.create("state-1", "Billing state")
    store.upload("state-1", "journal-1-20-0123456789ab.csv", a_file(content))
    done = gh(github, tmp_path, "release", "view", "state-1", "--json", "tagName,name,isDraft,isPrerelease,assets")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [(one["name"], one["size"], one["digest"], one["state"]) for one in seen.pop("assets")] == [
        ("journal-1-20-0123456789ab.csv", len(content), f"sha256:{hashlib.sha256(content).hexdigest()}", "uploaded")]
    assert seen == {"tagName": "state-1", "name": "Billing state", "isDraft": False, "isPrerelease": True}
    done = gh(github, tmp_path, "release", "download", "state-1", "--dir", "down")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down" / "journal-1-20-0123456789ab.csv").read_bytes() == content
    assert gh(github, tmp_path, "release", "view", "state-2").stderr.strip() == "release not found"


def test_the_store_reads_what_gh_uploaded(github, a_file, tmp_path):
    github.make("t")
    done = gh(github, tmp_path, "release", "upload", "t", str(a_file("by gh", "x.csv")))
    assert done.returncode == 0, done.stderr
    store = github.store()
    store.download("t", store.assets("t")["x.csv"], tmp_path / "down")
    assert (tmp_path / "down").read_text() == "by gh"
