"""An outline about a topic, from a template. It asks questions and answers none, so it can state
nothing false."""
import json
from pathlib import Path

OUTLINES = {
    "en": """\
{topic}

This is an outline. It was written from a template and states no facts about the topic.

1. What it is: say in one sentence what is meant by "{topic}".
2. Why it matters: name who needs to know about it, and for what.
3. What is known: give three facts, each with its source.
4. What is new: look at what was published in the last {days} days.
5. What is open: name what the sources do not agree on.
""",
    "de": """\
{topic}

Dies ist eine Gliederung. Sie stammt aus einer Vorlage und behauptet nichts über das Thema.

1. Was es ist: In einem Satz sagen, was mit "{topic}" gemeint ist.
2. Warum es zählt: Nennen, wer davon wissen muss und wozu.
3. Was bekannt ist: Drei Tatsachen angeben, jede mit Quelle.
4. Was neu ist: Ansehen, was in den letzten {days} Tagen erschienen ist.
5. Was offen ist: Nennen, worin die Quellen nicht übereinstimmen.
""",
}


def run(params, outputs_dir):
    topic = " ".join(params["topic"].split())
    text = OUTLINES[params["language"]].format(topic=topic, days=params["freshness_days"])
    report = {
        "topic": topic,
        "language": params["language"],
        "freshness_days": int(params["freshness_days"]),
        "origin": "template",
        "characters": len(text),
        "words": len(text.split()),
    }
    outputs = Path(outputs_dir)
    (outputs / "source_text.txt").write_text(text, encoding="utf-8")
    (outputs / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {"status": "COMPLETED"}
