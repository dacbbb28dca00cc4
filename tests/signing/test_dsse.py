"""Signatures: the specification's own vectors, RFC 8032's, OpenSSL beside us, and every bit of a message flipped."""
import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.signing.dsse import BadSignature, Envelope, Signature, pae, parse, sign, verify
from platform.signing.keys import PublicKey, SigningKey, private_key

# RFC 8032, section 7.1, test 1, wrapped as PKCS #8: the sixteen bytes before a raw Ed25519 key are always these.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
EMPTY_SIGNATURE = bytes.fromhex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215"
                                "90a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
PEM = ("-----BEGIN " + "PRIVATE KEY-----\n" + base64.b64encode(
    bytes.fromhex("302e020100300506032b657004220420") + SEED).decode() + "\n-----END " + "PRIVATE KEY-----\n")
TYPE = "application/vnd.example+json"


@pytest.fixture
def key() -> SigningKey:
    return private_key(PEM, "the test")


def test_the_specifications_own_example_of_the_encoding() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    assert pae("é", "é".encode()) == "DSSEv1 2 é 2 é".encode()


def test_rfc_8032_test_1(key: SigningKey) -> None:
    assert (key.public.raw, key.sign(b"")) == (PUBLIC, EMPTY_SIGNATURE)
    assert PublicKey(PUBLIC).verifies(EMPTY_SIGNATURE, b"")
    assert key.public.keyid == "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"


def test_an_envelope_goes_through_json_and_gives_its_payload(key: SigningKey) -> None:
    envelope = parse(json.loads(sign(TYPE, b"tea", key).as_bytes()))
    assert verify(envelope, key.public, TYPE) == b"tea"


@given(payload=st.binary(max_size=40), bit=st.integers(0, 10**6))
def test_a_flipped_bit_of_payload_or_signature_is_refused(payload: bytes, bit: int) -> None:
    key = private_key(PEM, "the test")
    envelope = sign(TYPE, payload, key)
    whole = bytearray(payload + envelope.signatures[0].sig)
    bit %= len(whole) * 8
    whole[bit // 8] ^= 1 << bit % 8
    changed, sig = bytes(whole[:len(payload)]), bytes(whole[len(payload):])
    with pytest.raises(BadSignature):
        verify(Envelope(TYPE, changed, (Signature(key.public.keyid, sig),)), key.public, TYPE)


def test_an_unsigned_one_another_type_and_another_key_are_refused(key: SigningKey) -> None:
    with pytest.raises(BadSignature, match=r"not signed$"):
        verify(sign(TYPE, b"tea", None), key.public, TYPE)
    with pytest.raises(BadSignature, match="contains"):
        verify(sign("text/plain", b"tea", key), key.public, TYPE)
    with pytest.raises(BadSignature, match="not signed by"):
        verify(sign(TYPE, b"tea", key), PublicKey(bytes(32)), TYPE)


@pytest.mark.parametrize("value", [None, [], {}, {"payload": "dGVh", "payloadType": TYPE, "signatures": [1]},
                                   {"payload": "***", "payloadType": TYPE, "signatures": []},
                                   {"payload": "dGVh", "payloadType": 1, "signatures": []}])
def test_what_is_no_envelope_is_said_so(value: object) -> None:
    with pytest.raises(ValueError, match=r"envelope|payloadType"):
        parse(value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_what_we_signed(key: SigningKey, tmp_path: Path) -> None:
    envelope = sign(TYPE, b"tea", key)
    prefix = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of a raw Ed25519 key
    (tmp_path / "key.der").write_bytes(prefix + key.public.raw)
    (tmp_path / "sig").write_bytes(envelope.signatures[0].sig)
    (tmp_path / "message").write_bytes(pae(TYPE, b"tea"))
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin", "-in",
             "message", "-sigfile", "sig"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr
    (tmp_path / "message").write_bytes(pae(TYPE, b"coffee"))
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode != 0
