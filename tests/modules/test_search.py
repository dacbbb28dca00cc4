"""Search: fixtures that say so, and the real client against a server here that speaks the documented form."""
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import LONGEST_WAIT_S

FIXTURES = Path(__file__).resolve().parents[2] / "modules/search_images/fixtures"
PNG = (FIXTURES / "thumbnails/01.png").read_bytes()
BOTH = pytest.mark.parametrize("module_id", ["search_images", "search_pages"])


class Google:
    """A search engine with `total` results for every query. `answers` come first: (status, headers, body)."""

    def __init__(self, total: int, answers=()) -> None:
        self.total, self.answers = total, list(answers)
        self.asked: list[dict[str, str]] = []
        self.pictures: list[str] = []
        self.url = ""

    def reply(self, target: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        if parts.path.startswith("/pictures/"):
            self.pictures.append(parts.path)
            broken = parts.path.endswith("3.png")
            return (404, {}, b"gone") if broken else (200, {}, PNG)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(query)
        if self.answers:
            return self.answers.pop(0)
        start, num = int(query["start"]), int(query["num"])
        if start > 91 or num > 10:
            return error(400, "Request contains an invalid argument.")
        numbers = range(start, min(start + num, self.total + 1))
        page = {"kind": "customsearch#search", "queries": {"request": [{"startIndex": start, "count": len(numbers)}]},
                "searchInformation": {"totalResults": str(self.total)}}
        if numbers:
            page["items"] = [self.item(number) for number in numbers]
        if start + num <= self.total:
            page["queries"]["nextPage"] = [{"startIndex": start + num}]
        return 200, {}, json.dumps(page).encode()

    def item(self, number: int) -> dict:
        link = f"{self.url}/pictures/{number}.png"
        return {"kind": "customsearch#result", "title": f"Result {number}", "link": link, "displayLink": "127.0.0.1",
                "snippet": f"About {number}", "mime": "image/png",
                "image": {"contextLink": "http://x.example/", "height": 60, "width": 80, "byteSize": 1,
                          "thumbnailLink": link, "thumbnailHeight": 60, "thumbnailWidth": 80}}


def error(status: int, message: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps({"error": {"code": status, "message": message}}).encode()


@contextmanager
def serving(google: Google) -> Iterator[Google]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = google.reply(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        google.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield google
        finally:
            server.shutdown()
            thread.join(timeout=LONGEST_WAIT_S)


@pytest.fixture
def live(module, monkeypatch):
    """Run a search module under a live profile against a Google of ours; the waits it asks for are kept, not waited."""
    def run(module_id: str, google: Google, **inputs):
        monkeypatch.setenv("GOOGLE_SEARCH_API_KEY", "key-1234567890")
        monkeypatch.setenv("GOOGLE_SEARCH_ENGINE_ID", "engine-1")
        monkeypatch.setenv("GOOGLE_SEARCH_BASE_URL", f"{google.url}/customsearch/v1")
        monkeypatch.setattr("time.sleep", run.waits.append)
        run.runner = module(module_id)
        return run.runner.run({"external_services": "live"}, queries=["boats"], **inputs)
    run.waits = []
    return run


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@BOTH
def test_recorded_answers_say_so_in_every_row_and_name_their_origin(module, module_id):
    runner = module(module_id)
    assert runner.run(queries=["boats", "sails", "boats"], max_items_per_query=3) == {"status": "COMPLETED"}
    rows = lines(runner.outputs / "results.jsonl")
    assert [(row["query"], row["rank"]) for row in rows] == [(query, rank) for query in ("boats", "sails")
                                                             for rank in (1, 2, 3)]
    assert {row["source"] for row in rows} == {"recorded"}
    report = json.loads((runner.outputs / "report.json").read_text())
    assert (report["source"], report["by_query"]) == ("recorded", {"boats": 3, "sails": 3})
    assert "not recorded from Google" in report["origin"]


@BOTH
def test_a_live_profile_without_secrets_never_takes_fixtures(module, module_id, monkeypatch):
    monkeypatch.delenv("GOOGLE_SEARCH_API_KEY", raising=False)
    monkeypatch.setenv("GOOGLE_SEARCH_ENGINE_ID", "engine-1")
    runner = module(module_id)
    result = runner.run({"external_services": "live"}, queries=["boats"])
    assert (result["status"], result["reason_slug"]) == ("FAILED", "secrets_missing")
    assert "GOOGLE_SEARCH_API_KEY must be set" in result["message"]
    assert list(runner.outputs.iterdir()) == []


@BOTH
def test_25_results_are_asked_for_in_pages_of_ten(live, module_id):
    with serving(Google(total=1000)) as google:
        assert live(module_id, google, max_items_per_query=25) == {"status": "COMPLETED"}
    assert [(query["start"], query["num"]) for query in google.asked] == [("1", "10"), ("11", "10"), ("21", "5")]
    assert {(query["q"], query["cx"], query["key"], query["safe"]) for query in google.asked} == {
        ("boats", "engine-1", "key-1234567890", "active")}
    rows = lines(live.runner.outputs / "results.jsonl")
    assert [row["title"] for row in rows] == [f"Result {number}" for number in range(1, 26)]
    assert {row["source"] for row in rows} == {"live"}


@BOTH
@pytest.mark.parametrize(("total", "wanted", "found", "requests"), [
    (1000, 100, 100, 10),  # never a start beyond 91, which the API refuses
    (7, 50, 7, 1), (10, 50, 10, 1), (12, 50, 12, 2), (0, 50, 0, 1)])
def test_it_stops_where_the_results_do(live, module_id, total, wanted, found, requests):
    with serving(Google(total)) as google:
        assert live(module_id, google, max_items_per_query=wanted) == {"status": "COMPLETED"}
    assert len(google.asked) == requests
    assert len(lines(live.runner.outputs / "results.jsonl")) == found


@BOTH
def test_a_busy_server_is_asked_again_when_it_says(live, module_id):
    busy = [error(429, "Quota exceeded", Retry_After="7"), error(503, "Back soon")]
    with serving(Google(5, busy)) as google:
        assert live(module_id, google, max_items_per_query=5) == {"status": "COMPLETED"}
    assert live.waits == [7.0, 4.0]
    assert len(google.asked) == 3


@BOTH
@pytest.mark.parametrize(("answers", "told", "requests"), [
    ([error(403, "API key not valid.")], "403 API key not valid.", 1),
    ([error(500, "Backend Error")] * 4, "500 Backend Error (tried 4 times)", 4),
    ([(200, {}, b"<html>")], "not JSON", 1),
    ([(200, {}, b'{"items": 5}')], "documented form", 1),
    ([(502, {}, b"<html>bad gateway")] * 4, "502", 4),
])
def test_what_the_api_refuses_is_an_external_error_without_the_key(live, module_id, answers, told, requests):
    with serving(Google(5, answers)) as google:
        result = live(module_id, google, max_items_per_query=5)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "external_api_error")
    assert told in result["message"]
    assert "key-1234567890" not in result["message"]
    assert len(google.asked) == requests


@BOTH
def test_a_key_goes_over_https_only(live, module_id):
    google = Google(5)
    google.url = "http://search.example"
    result = live(module_id, google)
    assert "over https only" in result["message"]


def test_options_reach_the_api_under_its_own_names(live):
    with serving(Google(1)) as google:
        live("search_images", google, img_size="large", img_type="photo", img_color_type="color",
             img_dominant_color="teal", safe="off")
        live("search_pages", google, date_restrict="d7", site_search="x.example", site_search_filter="e",
             language="lang_de", country="de", interface_language="en", exact_terms="a b", exclude_terms="c",
             file_type="pdf")
    images, pages = ({name: value for name, value in query.items() if name not in ("q", "cx", "key", "num", "start")}
                     for query in google.asked)
    assert images == {"safe": "off", "imgSize": "large", "imgType": "photo", "imgColorType": "color",
                      "imgDominantColor": "teal", "searchType": "image"}
    assert pages == {"safe": "active", "dateRestrict": "d7", "siteSearch": "x.example", "siteSearchFilter": "e",
                     "lr": "lang_de", "gl": "de", "hl": "en", "exactTerms": "a b", "excludeTerms": "c",
                     "fileType": "pdf"}


def test_pictures_are_there_only_when_they_were_bought(module):
    runner = module("search_images")
    runner.run(queries=["boats"], max_items_per_query=2)
    assert sorted(path.name for path in runner.outputs.iterdir()) == ["report.json", "results.jsonl"]
    runner.run(queries=["boats"], max_items_per_query=2, download_thumbnails=True, download_images=True)
    assert sorted(path.name for path in runner.outputs.iterdir()) == [
        "images", "report.json", "results.jsonl", "thumbnails"]
    for entry in lines(runner.outputs / "images" / "index.jsonl"):
        assert (runner.outputs / entry["file"]).read_bytes().startswith(b"\x89PNG")
        assert entry["source"] == "recorded"


def test_a_picture_that_is_gone_is_a_row_and_the_others_are_saved(live, monkeypatch):
    monkeypatch.setenv("SEARCH_IMAGES_PRIVATE_ADDRESSES", "yes")
    with serving(Google(4)) as google:
        result = live("search_images", google, max_items_per_query=4, download_thumbnails=True)
    assert result == {"status": "COMPLETED"}
    index = lines(live.runner.outputs / "thumbnails" / "index.jsonl")
    assert [entry.get("file", "none") for entry in index] == [
        "thumbnails/0001.png", "thumbnails/0002.png", "none", "thumbnails/0004.png"]
    assert "404" in index[2]["error"]


def test_an_address_that_is_not_public_is_never_asked(live, monkeypatch):
    """A result's link could lead into the operator's own network."""
    monkeypatch.delenv("SEARCH_IMAGES_PRIVATE_ADDRESSES", raising=False)
    with serving(Google(2)) as google:
        result = live("search_images", google, max_items_per_query=2, download_images=True)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "external_api_error")
    assert "none of 2 images could be fetched" in result["message"]
    assert "127.0.0.1 is not a public address" in result["message"]
    assert google.pictures == []


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:image/png;base64,AAAA", "", "http://"])
def test_only_http_is_fetched(live, monkeypatch, link):
    monkeypatch.setenv("SEARCH_IMAGES_PRIVATE_ADDRESSES", "yes")
    google = Google(1)
    google.item = lambda number: {"title": "x", "link": link}
    with serving(google):
        result = live("search_images", google, max_items_per_query=1, download_images=True)
    assert result["reason_slug"] == "external_api_error"
    assert "none of 1 images" in result["message"]


@BOTH
def test_half_a_character_in_an_answer_spoils_neither_the_rows_nor_the_search(live, module_id):
    with serving(Google(total=1)) as google:
        status, headers, body = Google.reply(google, "/customsearch/v1?start=1&num=10")
        google.answers = [(status, headers, body.replace(b"Result 1", b"Result \\ud83d"))]
        result = live(module_id, google)
    assert result["status"] == "COMPLETED", result
    (row,) = [json.loads(line) for line in (live.runner.outputs / "results.jsonl").read_text("utf-8").splitlines()]
    assert row["title"] == "Result ?"


@BOTH
@pytest.mark.parametrize("answer", [b'{"items": [{"image": {"width": 1e999}}]}', b'{"items": [NaN]}', b'{"items": [1]}',
                                    b"[" * 100_000, b'{"items": [{"title": ' + b"9" * 5_000 + b"}]}"])
def test_an_answer_that_cannot_be_written_again_is_the_apis_failure(live, module_id, answer):
    with serving(Google(total=1, answers=[(200, {}, answer)])) as google:
        result = live(module_id, google)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "external_api_error")
