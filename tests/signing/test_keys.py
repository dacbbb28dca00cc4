"""Keys: made once, kept to oneself, found by a profile in a variable or a file, and told from what is none."""
import os
from pathlib import Path

import pytest

from platform.errors import ConflictError, ForbiddenError, InputError, UsageError
from platform.signing.keys import generate, private_key, private_key_file, public_key
from platform.signing.open import known_key, open_signer


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    generate(tmp_path / "key.pem")
    return tmp_path / "key.pem"


def test_a_key_is_its_owners_alone_and_is_never_written_over(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        public = generate(tmp_path / "key.pem")
    finally:
        os.umask(old)
    before = (tmp_path / "key.pem").read_bytes()
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError, match="already exists"):
        generate(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_bytes() == before
    assert private_key_file(tmp_path / "key.pem").public == public


def test_a_profile_finds_its_key_in_the_variable_else_in_the_file_else_nowhere(pem: Path, tmp_path: Path) -> None:
    settings = {"key_env": "KEY", "key_file": "key.pem"}
    other = generate(tmp_path / "other.pem")
    env = {"KEY": (tmp_path / "other.pem").read_text()}
    assert (signer := open_signer(settings, tmp_path, env)) and signer.public == other
    assert (signer := open_signer(settings, tmp_path, {})) and signer.public == private_key_file(pem).public
    assert open_signer({"key_env": "KEY"}, tmp_path, {}) is None
    assert open_signer({}, tmp_path, env) is None


def test_a_key_that_is_not_the_one_that_is_published_signs_nothing(pem: Path, tmp_path: Path) -> None:
    settings = {"key_file": "key.pem", "public_key": str(generate(tmp_path / "other.pem"))}
    with pytest.raises(ForbiddenError, match="use the matching key"):
        open_signer(settings, tmp_path, {})
    assert open_signer({**settings, "public_key": str(private_key_file(pem).public)}, tmp_path, {})


def test_a_private_key_that_others_can_read_is_refused(pem: Path) -> None:
    pem.chmod(0o644)
    with pytest.raises(ForbiddenError, match="chmod 600"):
        private_key_file(pem)


def test_a_public_key_is_base64_or_a_file_with_it_or_with_pem(pem: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    key = private_key_file(pem).public
    (tmp_path / "base64.pub").write_text(f"{key}\n")
    whole = load_pem_private_key(pem.read_bytes(), None).public_key()
    (tmp_path / "pem.pub").write_bytes(whole.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert {public_key(str(key)), public_key("base64.pub", tmp_path), public_key(str(tmp_path / "pem.pub")),
            known_key({"public_key": "pem.pub"}, tmp_path)} == {key}


def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^KEY: is not an Ed25519 private key") as told:
        private_key("hunter2", "KEY")
    assert "hunter2" not in str(told.value)
    with pytest.raises(UsageError, match="neither 44 characters of base64 nor a readable file"):
        public_key("nowhere", tmp_path)
    (tmp_path / "text").write_text("tea")
    with pytest.raises(InputError, match="does not contain an Ed25519 public key"):
        public_key("text", tmp_path)
    with pytest.raises(UsageError, match="no such key"):
        private_key_file(tmp_path / "nowhere")
