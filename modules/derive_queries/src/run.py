"""A topic as search queries. Templates and nothing else: no model, no network, no clock."""
import json
from pathlib import Path

# What people add to a topic when they search; {days} only where recent results are wanted. The bare
# topic comes first.
TEMPLATES = {
    "en": (
        ["{topic} overview", "{topic} examples", "{topic} photos"],
        ["{topic} last {days} days"],
    ),
    "de": (
        ["{topic} Überblick", "{topic} Beispiele", "{topic} Fotos"],
        ["{topic} letzte {days} Tage"],
    ),
    "es": (
        ["{topic} resumen", "{topic} ejemplos", "{topic} fotos"],
        ["{topic} últimos {days} días"],
    ),
    "fr": (
        ["{topic} aperçu", "{topic} exemples", "{topic} photos"],
        ["{topic} {days} derniers jours"],
    ),
}


def queries(topic: str, language: str, days: int) -> list[str]:
    """The queries, each once, the most general first. An unknown language gets the topic alone."""
    general, recent = TEMPLATES.get(language.split("-")[0], ([], []))
    words = " ".join(topic.split())
    chosen = ["{topic}", *general, *(recent if days else [])]
    return list(dict.fromkeys(template.format(topic=words, days=days) for template in chosen))


def run(params, outputs_dir):
    days = int(params["freshness_days"])
    found = queries(params["topic"], params["language"], days)
    report = {"topic": params["topic"], "language": params["language"], "freshness_days": days,
              "templates": params["language"].split("-")[0] in TEMPLATES, "count": len(found)}
    if params["summary_style"] == "detailed":
        report["queries"] = found
    outputs = Path(outputs_dir)
    (outputs / "derived_queries.txt").write_text(
        "".join(f"{query}\n" for query in found), encoding="utf-8"
    )
    (outputs / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {"status": "COMPLETED"}
