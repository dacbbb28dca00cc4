"""A CSV table profiled: read it, profile each column, write the three outputs. Each part has a file
of its own."""
import io
from pathlib import Path

from chart import draw
from report import as_json, as_markdown
from stats import profile_column
from table import TableError, read_table


def run(params, outputs_dir):
    try:
        table = read_table(Path(params["table"]["path"]))
    except TableError as error:
        return {"status": "FAILED", "reason_slug": "bad_input_format", "message": f"table: {error}"}
    missing = frozenset(params.get("missing_values") or ())
    columns = []
    for name, texts in zip(table.header, table.columns, strict=True):
        columns.append(profile_column(name, texts, missing))
        texts.clear()  # the memory of one column at a time
    picture = io.BytesIO()
    draw(params["title"], table.rows, columns).save(picture, "PNG")
    outputs = Path(outputs_dir)
    (outputs / "profile.json").write_text(
        as_json(params["title"], table, params["table"]["sha256"], columns), "utf-8"
    )
    (outputs / "report.md").write_text(as_markdown(params["title"], table, columns), "utf-8")
    (outputs / "chart.png").write_bytes(picture.getvalue())
    return {"status": "COMPLETED"}
