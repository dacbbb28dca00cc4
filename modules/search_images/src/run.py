"""Search for images: one row for each image found. Each row says whether it is recorded or live."""
import json
import os
from pathlib import Path
from typing import Any

from images import save_all, web_fetcher
from recorded import Recorded

from platform.search.google import SearchError, engine_of, missing_secrets

OPTIONS = {
    "safe": "safe",
    "img_size": "imgSize",
    "img_type": "imgType",
    "img_color_type": "imgColorType",
    "img_dominant_color": "imgDominantColor",
}  # our inputs -> the API's parameters


def row(query: str, rank: int, item: dict[str, Any], source: str) -> dict[str, Any]:
    """One result; what the API did not say is empty or 0."""
    image = item.get("image", {})
    return {
        "query": query,
        "rank": rank,
        "title": item.get("title", ""),
        "link": item.get("link", ""),
        "display_link": item.get("displayLink", ""),
        "mime": item.get("mime", ""),
        "width": image.get("width", 0),
        "height": image.get("height", 0),
        "bytes": image.get("byteSize", 0),
        "context_link": image.get("contextLink", ""),
        "thumbnail_link": image.get("thumbnailLink", ""),
        "source": source,
    }


def run(params, outputs_dir):
    live = params["_platform"]["external_services"] == "live"
    if live and (lacking := missing_secrets(os.environ)):
        return failed("secrets_missing", lacking)
    find, fetch, told = from_google(params) if live else from_fixtures()
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
    return write(params, Path(outputs_dir), rows, fetch, told)


def from_google(params):
    """How to find items, how to fetch a picture, and what the report says of both."""
    engine = engine_of(os.environ)
    options = {api: params[name] for name, api in OPTIONS.items() if params.get(name)} | {
        "searchType": "image"
    }
    fetch = web_fetcher(allow_private=os.environ.get("SEARCH_IMAGES_PRIVATE_ADDRESSES") == "yes")
    told = {"source": "live", "origin": "Google Custom Search JSON API"}
    return lambda query, wanted: engine.items(query, options, wanted), fetch, told


def from_fixtures():
    fixtures = Recorded()
    return fixtures.items, fixtures.fetch, {"source": "recorded", "origin": fixtures.origin}


def write(params, outputs, rows, fetch, told):
    """The outputs; pictures only where they were bought. All of them failing is an error, some are
    rows that say so."""
    for name, link in (("thumbnails", "thumbnail_link"), ("images", "link")):
        if not params[f"download_{name}"]:
            continue
        index = save_all(rows, link, outputs / name, fetch)
        saved = sum("file" in entry for entry in index)
        if index and not saved:
            return failed("external_api_error", f"none of {len(index)} {name} could be fetched; "
                                                f"the first: {index[0]['error']}")
        lines(outputs / name / "index.jsonl", index)
        told[name] = {"saved": saved, "failed": len(index) - saved}
    lines(outputs / "results.jsonl", rows)
    (outputs / "report.json").write_text(
        json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {"status": "COMPLETED"}


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(
        "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in rows), encoding="utf-8"
    )


def failed(slug, message):
    return {"status": "FAILED", "reason_slug": slug, "message": message}
