"""A secret is found in every form that the list names, whatever is around it and however it is cut."""
import base64
import html
import io
import json
import quopri
import random
import shlex
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from platform.model.secret_parts import parts
from platform.redact import Redactor

PLAIN, ODD, FOREIGN = "hunter2hunter2", "p@ss/w+rd=\"it's\" <&> %41\\n~", "sch\u00f6n-\u5bc6\u7801-\U0001f511"


def b64(ahead: int, url: bool = False, pad: bool = True) -> Callable[[str], bytes]:
    def form(secret: str) -> bytes:
        data = b"xyz"[:ahead] + secret.encode() + b"!"
        text = (base64.urlsafe_b64encode if url else base64.b64encode)(data)
        return text if pad else text.rstrip(b"=")

    return form


FORMS: dict[str, Callable[[str], bytes]] = {
    "itself": str.encode,
    "utf-16-le": lambda secret: secret.encode("utf-16-le"),
    "utf-16-be": lambda secret: secret.encode("utf-16-be"),
    "latin-1": lambda secret: secret.encode("latin-1", "backslashreplace"),
    "base64": lambda secret: base64.b64encode(secret.encode()),
    **{f"base64, {ahead} bytes ahead": b64(ahead) for ahead in range(3)},
    "urlsafe": b64(1, url=True),
    "no padding": b64(2, pad=False),
    "base64 of UTF-16": lambda secret: base64.b64encode(secret.encode("utf-16-le")),
    "MIME": lambda secret: base64.encodebytes(b"user: me\n" * 5 + secret.encode() * 3),
    "base64 in a URL": lambda secret: quote(base64.b64encode(secret.encode()), "").encode(),
    "hex": lambda secret: secret.encode().hex().encode(),
    "HEX": lambda secret: secret.encode().hex().upper().encode(),
    **{f"hex with {mark!r}": lambda secret, mark=mark: secret.encode().hex(mark).encode() for mark in ": -_."},
    "hex list": lambda secret: ", ".join(f"0x{byte:02x}" for byte in secret.encode()).encode(),
    "bytes in decimal": lambda secret: json.dumps(list(secret.encode())).encode(),
    "percent": lambda secret: quote(secret, "").encode(),
    "percent, lower": lambda secret: quote(secret, "").lower().encode() if secret == secret.lower() else b"",
    "percent, plus": lambda secret: quote_plus(secret).encode(),
    "percent, all": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()).encode(),
    "percent, all, lower": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()).encode(),
    "percent, every other": lambda secret: "".join(
        f"%{ord(mark):02x}" if at % 2 and mark.isascii() else mark for at, mark in enumerate(secret)).encode(),
    "percent, twice": lambda secret: quote(quote(secret, ""), "").encode(),
    "JSON": lambda secret: json.dumps(secret).encode(),
    "JSON, not ASCII": lambda secret: json.dumps(secret, ensure_ascii=False).encode(),
    "JSON, all": lambda secret: "".join(f"\\u{unit:04X}" for unit in memoryview(secret.encode("utf-16-le")).cast("H")
                                        ).encode(),
    "JSON, slash": lambda secret: json.dumps(secret).replace("/", "\\/").encode(),
    "JSON in JSON": lambda secret: json.dumps(json.dumps({"a": secret})).encode(),
    "HTML": lambda secret: html.escape(secret).encode(),
    "HTML, decimal": lambda secret: "".join(f"&#{ord(mark)};" for mark in secret).encode(),
    "HTML, hex": lambda secret: "".join(f"&#x{ord(mark):X};" for mark in secret).encode(),
    "HTML, padded": lambda secret: "".join(f"&#x{ord(mark):06x};" for mark in secret).encode(),
    "HTML, twice": lambda secret: html.escape(html.escape(secret)).encode(),
    "xmlcharrefreplace": lambda secret: secret.encode("ascii", "xmlcharrefreplace"),
    "backslashreplace": lambda secret: secret.encode("ascii", "backslashreplace"),
    "unicode_escape": lambda secret: secret.encode("unicode_escape"),
    "repr": lambda secret: repr(secret).encode(),
    "ascii": lambda secret: ascii(secret).encode(),
    "repr of bytes": lambda secret: repr(secret.encode()).encode(),
    "repr of UTF-16": lambda secret: repr(secret.encode("utf-16-le")).encode() if secret.isascii() else b"",
    "hex escapes": lambda secret: "".join(f"\\x{byte:02X}" for byte in secret.encode()).encode(),
    "octal": lambda secret: "".join(f"\\{byte:03o}" for byte in secret.encode()).encode(),
    "shell": lambda secret: shlex.quote(secret).encode(),
    "shell, bare": lambda secret: "".join(
        mark if mark.isalnum() or not mark.isascii() else f"\\{mark}" for mark in secret).encode(),
    "CSV": lambda secret: secret.replace('"', '""').encode(),
    "utf-32-le": lambda secret: secret.encode("utf-32-le"),
    "utf-32-be": lambda secret: secret.encode("utf-32-be"),
    "repr of UTF-32": lambda secret: repr(secret.encode("utf-32-le")).encode() if secret.isascii() else b"",
    **{f"bytes in decimal, indent {indent}": lambda secret, indent=indent: json.dumps(
        {"a": {"b": list(secret.encode())}}, indent=indent).encode() for indent in (0, 1, 4, "\t")},
    "bytes in decimal, a line each": lambda secret: "\r\n".join(map(str, secret.encode())).encode(),
    "bytes in decimal, CSV": lambda secret: "".join(f'"{byte}";' for byte in secret.encode()).encode(),
    "bytes in decimal in JSON": lambda secret: json.dumps(json.dumps(list(secret.encode()), indent=1)).encode(),
    "bytes in decimal in a URL": lambda secret: quote(json.dumps(list(secret.encode()))).encode(),
    "hex, list of texts": lambda secret: str([hex(byte) for byte in secret.encode()]).encode(),
    "hex, JSON list": lambda secret: json.dumps([f"{byte:02x}" for byte in secret.encode()], indent=2).encode(),
    "hex, JSON list in JSON": lambda secret: \
        json.dumps(json.dumps([f"{byte:02X}" for byte in secret.encode()])).encode(),
    "hex, a line each": lambda secret: "\r\n".join(hex(byte) for byte in secret.encode()).encode(),
    "characters, a line each": lambda secret: "\n".join(secret).encode(),
    "characters, JSON list": lambda secret: json.dumps(list(secret)).encode(),
    "characters, JSON list, indent": lambda secret: json.dumps({"a": list(secret)}, indent=4).encode(),
    "characters, list": lambda secret: str(list(secret)).encode(),
    "characters, spaced": lambda secret: " ".join(secret).encode(),
    "characters, spaced, in JSON": lambda secret: json.dumps("\n".join(secret)).encode(),
    "percent of JSON": lambda secret: quote(json.dumps({"a": secret})).encode(),
    "percent of JSON, all": lambda secret: quote(json.dumps({"a": secret}), "").encode(),
    "percent of JSON, plus": lambda secret: quote_plus(json.dumps([secret], ensure_ascii=False)).encode(),
    "percent of HTML": lambda secret: quote(html.escape(secret), "").encode(),
    "percent of repr": lambda secret: quote(repr(secret), "").encode(),
    "percent of xmlcharrefreplace": lambda secret: quote(secret.encode("ascii", "xmlcharrefreplace"), "").encode(),
    "percent twice, plus": lambda secret: quote(quote_plus(secret), "").encode(),
    "JSON of percent": lambda secret: json.dumps(quote(secret, "")).encode(),
    "JSON of HTML": lambda secret: json.dumps(html.escape(secret)).encode(),
    "JSON of HTML, as Go writes": lambda secret: json.dumps(html.escape(secret)).replace("&", "\\u0026").encode(),
    "JSON of quoted-printable": lambda secret: json.dumps(
        quopri.encodestring((secret * 8).encode(), quotetabs=True).decode()).encode(),
    "JSON of repr": lambda secret: json.dumps(repr(secret)).encode(),
    "HTML of JSON": lambda secret: html.escape(json.dumps({"a": secret})).encode(),
    "HTML of percent": lambda secret: html.escape(quote(secret, "")).encode(),
    "HTML of repr": lambda secret: html.escape(repr(secret)).encode(),
    **{f"base64 of base64, {ahead}": lambda secret, ahead=ahead: base64.b64encode(
        b"xyz"[:ahead] + base64.b64encode(secret.encode())) for ahead in range(3)},
    "base64 of base64, inside": lambda secret: base64.b64encode(b64(2)(secret)),
    "base64 of base64, URL alphabet": lambda secret: base64.urlsafe_b64encode(b64(1, url=True)(secret)),
    "quoted-printable": lambda secret: quopri.encodestring((secret * 8).encode(), quotetabs=True),
}
LONG = ("MIME", "quoted-printable", "JSON of quoted-printable", "HTML of JSON", "percent of JSON",
        "bytes in decimal, indent", "characters, JSON list, indent")  # what is around the secret, too


def redacted(text: bytes, *secrets: str, piece: int = 1 << 16) -> bytes:
    redactor = Redactor(secrets)
    return b"".join(redactor.feed(text[at:at + piece]) for at in range(0, len(text), piece)) + redactor.end()


@pytest.mark.parametrize("secret", [PLAIN, ODD, FOREIGN], ids=["plain", "odd", "foreign"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    if not written:
        pytest.skip("this form is not of this secret")
    for piece in (1, 7, 1 << 16):
        told = redacted(b"before " + written + b" after", secret, piece=piece)
        assert b"[secret]" in told and told.startswith(b"before") and told.endswith(b"after"), told
        assert redacted(told, secret) == told
        assert len(told) - len(b"before  after") <= 24 or form.startswith(LONG), told


@given(st.text(string.printable + "\u00e9\u5bc6", min_size=6, max_size=40), st.data())
@example("0000\x0c0", None)
@example("%25%25%25%25", None)
@example("&amp;&amp;", None)
@example("\\\\\\\\\\\\", None)
@settings(max_examples=60, deadline=None)
def test_any_mixture_of_escapes_is_found(secret: str, data: st.DataObject | None) -> None:
    ways: list[Callable[[str], str]] = [
        str, lambda mark: "".join(f"%{byte:02x}" for byte in mark.encode()), lambda mark: f"\\u{ord(mark):04x}",
        lambda mark: f"&#{ord(mark)};", lambda mark: f"&#x{ord(mark):x};", lambda mark: json.dumps(mark)[1:-1]]
    secret = secret.strip()
    if len(secret) < 4:
        return
    written = "".join((data.draw(st.sampled_from(ways)) if data else str)(mark) for mark in secret)
    assert "[secret]" in Redactor([secret]).text(f"a {written} b")


@pytest.mark.slow
def test_every_line_of_a_key_is_looked_for_and_its_armour_is_not() -> None:
    lines = [base64.b64encode(random.Random(at).randbytes(48)).decode() for at in range(26)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    for line in (*lines, base64.b64encode(lines[3].encode()).decode(), lines[7].encode().hex()):
        assert redacted(f"| {line} |".encode(), key) == b"| [secret] |"
    assert redacted(b"-----BEGIN PRIVATE KEY-----", key) == b"-----BEGIN PRIVATE KEY-----"
    assert all(line.encode() not in redacted(json.dumps(key).encode(), key) for line in lines)
    account = json.dumps({"type": "service_account", "private_key": key, "token_uri": "https://tea.example/token"})
    assert redacted(f"{lines[5]} https://tea.example/token".encode(), account) == b"[secret] https://tea.example/token"
    address = "postgres://tea:" + "sesame-street@db.example/tea"  # in two: our own check would refuse it
    assert redacted(b"pw sesame-street", address) == b"pw [secret]"


def test_white_space_around_a_value_does_not_hide_it_and_a_very_short_value_is_not_looked_for() -> None:
    assert redacted(b"key=hunter2.", "hunter2\n") == b"key=[secret]."
    assert parts(" \n") == frozenset() and redacted(b"abc 123", "abc", "", " ") == b"abc 123"


def test_names_numbers_and_nesting_of_a_decoded_value_are_redacted() -> None:
    value = {"hunter2": ["a hunter2", {"n": 12345678, "f": 1.5, "b": True, "none": None}]}
    assert Redactor(["hunter2", "12345678"]).value(value) == {
        "[secret]": ["a [secret]", {"n": "[secret]", "f": 1.5, "b": True, "none": None}]}


def test_a_text_that_was_cut_keeps_no_beginning_of_a_secret() -> None:
    for kept in range(5, len(PLAIN)):
        assert PLAIN[:5] not in Redactor([PLAIN]).text(f"say {PLAIN[:kept]}", cut=True)
    assert Redactor([PLAIN]).text("say no more", cut=False) == "say no more"


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"12:00 INFO an ordinary line 0a1b2c\n", PLAIN.encode() + b" ", PLAIN[:-1].encode()])
def test_each_byte_is_looked_at_a_bounded_number_of_times(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the chunks are and however long the secrets."""
    key = "\n".join(base64.b64encode(random.Random(at).randbytes(48)).decode() for at in range(40))
    redactor, looked = Redactor([PLAIN, key]), io.BytesIO()
    found = redactor._secrets
    assert found is not None
    begins = type(found).begins
    scanned = 0

    def counting(self: object, text: bytes, start: int = 0) -> int | None:
        nonlocal scanned
        at = begins(found, text, start)
        scanned += (len(text) if at is None else at + 1) - start
        return at

    monkeypatch.setattr(type(found), "begins", counting)
    text = line * (100_000 // len(line))
    for at in range(0, len(text), 50):
        looked.write(redactor.feed(text[at:at + 50]))
    looked.write(redactor.end())
    assert scanned < 12 * len(text)
