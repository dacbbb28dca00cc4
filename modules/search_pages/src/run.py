"""Search for pages: one row for each page found. Each row says whether it is recorded or live."""
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from platform.search.google import SearchError, engine_of, missing_secrets

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
OPTIONS = {
    "safe": "safe",
    "date_restrict": "dateRestrict",
    "site_search": "siteSearch",
    "site_search_filter": "siteSearchFilter",
    "language": "lr",
    "country": "gl",
    "interface_language": "hl",
    "exact_terms": "exactTerms",
    "exclude_terms": "excludeTerms",
    "file_type": "fileType",
}  # ours -> the API's


def row(query: str, rank: int, item: dict[str, Any], source: str) -> dict[str, Any]:
    """One result; what the API did not say is empty."""
    return {
        "query": query,
        "rank": rank,
        "title": item.get("title", ""),
        "link": item.get("link", ""),
        "display_link": item.get("displayLink", ""),
        "snippet": item.get("snippet", ""),
        "mime": item.get("mime", ""),
        "source": source,
    }


def run(params, outputs_dir):
    live = params["_platform"]["external_services"] == "live"
    if live and (lacking := missing_secrets(os.environ)):
        return failed("secrets_missing", lacking)
    find, told = from_google(params) if live else from_fixtures()
    queries = list(dict.fromkeys(params["queries"]))
    try:
        found = {query: find(query, params["max_items_per_query"]) for query in queries}
    except SearchError as error:
        return failed("external_api_error", str(error))
    rows = [
        row(query, rank, item, told["source"])
        for query in queries
        for rank, item in enumerate(found[query], 1)
    ]
    told |= {"max_items_per_query": params["max_items_per_query"], "count": len(rows),
             "by_query": {query: len(found[query]) for query in queries}}
    outputs = Path(outputs_dir)
    (outputs / "results.jsonl").write_text(
        "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in rows), encoding="utf-8"
    )
    (outputs / "report.json").write_text(
        json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {"status": "COMPLETED"}


def from_google(params):
    """How to find items, and what the report says of it."""
    engine = engine_of(os.environ)
    options = {api: params[name] for name, api in OPTIONS.items() if params.get(name)}
    told = {"source": "live", "origin": "Google Custom Search JSON API"}
    return lambda query, wanted: engine.items(query, options, wanted), told


def from_fixtures():
    """The fixtures, the same few for every query, rotated by it so that two queries do not give one
    list."""
    answers = json.loads((FIXTURES / "answers.json").read_bytes())
    items = answers["items"]

    def find(query, wanted):
        turn = hashlib.sha256(query.encode()).digest()[0] % len(items)
        return [*items[turn:], *items[:turn]][:wanted]

    return find, {"source": "recorded", "origin": answers["origin"]}


def failed(slug, message):
    return {"status": "FAILED", "reason_slug": slug, "message": message}
