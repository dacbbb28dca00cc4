"""Pictures that results point to: fetched over the network, or copied from the fixtures. One row a
picture, also for those that could not be had.

A result's address comes from strangers. So only http and https are fetched, only from public
addresses (asked of the connection itself, after the name was resolved and before a request is
sent), only PNG, JPEG, GIF and WebP by their first bytes, only up to a size.
"""
import hashlib
import http.client
import ipaddress
import ssl
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

LARGEST_BYTES = 10 << 20
TIMEOUT_S = 20.0
_AT_ONCE = 8
_FORMS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"))

Fetch = Callable[[str], bytes]


class FetchError(Exception):
    """This picture cannot be had; the message says why."""


def save_all(
    rows: Sequence[dict[str, Any]], link: str, folder: Path, fetch: Fetch
) -> list[dict[str, Any]]:
    """Fetch `row[link]` of each row into `folder`. One index row each, in their order: file, bytes
    and sha256, or the error. OSError when the disk refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetched = pool.map(lambda row: _fetched(fetch, row[link]), rows)
    index = []
    for number, (row, data) in enumerate(zip(rows, fetched, strict=True), 1):
        entry = {
            "query": row["query"],
            "rank": row["rank"],
            "link": row[link],
            "source": row["source"],
        }
        if isinstance(data, bytes):
            name = f"{number:04d}.{_suffix(data)}"
            (folder / name).write_bytes(data)
            entry |= {
                "file": f"{folder.name}/{name}",
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        else:
            entry["error"] = data
        index.append(entry)
    return index


def _fetched(fetch: Fetch, link: str) -> bytes | str:
    """A picture's bytes, or why there are none."""
    try:
        data = fetch(link)
        _suffix(data)
    except FetchError as error:
        return str(error)
    return data


def _suffix(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    for start, suffix in _FORMS:
        if data.startswith(start):
            return suffix
    raise FetchError("it is no PNG, JPEG, GIF or WebP")


def web_fetcher(*, allow_private: bool = False) -> Fetch:
    """Fetches from the web; `allow_private` also from addresses that are not public (a server of
    one's own)."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _check_peer(self, allow_private)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _check_peer(self, allow_private)

    class Handler(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(Plain, request)

        def https_open(self, request):
            return self.do_open(Secure, request, context=ssl.create_default_context())

    opener = urllib.request.OpenerDirector()  # by hand: no proxies, no file:, ftp: or data:
    for handler in (
        Handler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)

    def fetch(link: str) -> bytes:
        try:
            with opener.open(link, timeout=TIMEOUT_S) as answer:
                data = answer.read(LARGEST_BYTES + 1)
        # ValueError: no address at all
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(
                f"it cannot be fetched ({' '.join(str(error).split())[:200]})"
            ) from error
        if len(data) > LARGEST_BYTES:
            raise FetchError(f"it is larger than {LARGEST_BYTES} bytes")
        return data

    return fetch


def _check_peer(connection: http.client.HTTPConnection, allow_private: bool) -> None:
    address = connection.sock.getpeername()[0]
    if not allow_private and not ipaddress.ip_address(address).is_global:
        connection.close()
        raise OSError(f"{address} is not a public address")
