"""The forms in which a secret can be shown, by name: written by hand, not taken from the list that redacts them.

The attacks' modules hold this file's text, so it needs the standard library alone.
"""
import base64
import html
import json
import urllib.parse


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _inside_base64(offset: int):
    """Base64 of a text that holds the secret `offset` bytes from its beginning."""
    return lambda text: base64.b64encode(b"x" * offset + text.encode() + b"yyy").decode()


FORMS = {
    "itself": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-without-padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64-for-urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64-inside-1": _inside_base64(1),
    "base64-inside-2": _inside_base64(2),
    "hex": lambda text: text.encode().hex(),
    "hex-upper": lambda text: text.encode().hex().upper(),
    "percent": urllib.parse.quote,
    "percent-plus": urllib.parse.quote_plus,
    "percent-every-byte": _percent,
    "percent-lower": lambda text: _percent(text).lower(),
    "json": lambda text: json.dumps(text)[1:-1],
    "json-slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "html": html.escape,
    "html-numbers": lambda text: "".join(f"&#{ord(mark)};" for mark in text),
    "html-hex": lambda text: "".join(f"&#x{ord(mark):x};" for mark in text),
    "html-some": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "latin-1": lambda text: text.encode("latin-1", "backslashreplace").decode("latin-1").encode().decode(),
    "backslash": lambda text: text.encode("ascii", "backslashreplace").decode(),
    "unicode-escape": lambda text: text.encode("unicode_escape").decode(),
    "repr": lambda text: repr(text)[1:-1],
    "repr-of-bytes": lambda text: repr(text.encode())[2:-1],
}
