"""A profile as JSON and as Markdown. Text from the table is shown as text: it can be no markup and no second column."""
import json
import re
from collections.abc import Sequence
from typing import Any

from stats import Column
from table import Table

_LONGEST = 60


def as_json(title: str, table: Table, sha256: str, columns: Sequence[Column]) -> str:
    """The profile; `sha256` is the table file's."""
    return json.dumps({
        "title": title, "table": {"sha256": sha256, "encoding": table.encoding, "delimiter": table.delimiter},
        "rows": table.rows, "columns": [_column(column) for column in columns]}, indent=2, ensure_ascii=False) + "\n"


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": column.type, "count": column.count, "missing": column.missing,
            "distinct": column.distinct, **column.summary,
            "top": [{"value": value, "count": count} for value, count in column.top]}


def as_markdown(title: str, table: Table, columns: Sequence[Column]) -> str:
    lines = [f"# {shown(title, 200)}", "", f"{table.rows} rows, {len(columns)} columns "
             f"({table.encoding}, divided by {table.delimiter}).", "",
             "| column | type | values | missing | distinct |", "|---|---|---:|---:|---:|"]
    lines += [f"| {shown(column.name)} | {column.type} | {column.count} | {column.missing} | {column.distinct} |"
              for column in columns]
    numeric = [column for column in columns if "mean" in column.summary]
    if numeric:
        names = ("min", "q25", "median", "mean", "q75", "max", "stdev")
        lines += ["", "## Numbers", "", f"| column | {' | '.join(names)} |", "|---" + "|---:" * len(names) + "|"]
        lines += [f"| {shown(column.name)} | " + " | ".join(number(column.summary.get(name)) for name in names) + " |"
                  for column in numeric]
    dated = [column for column in columns if column.type == "date"]
    if dated:
        lines += ["", "## Dates", "", "| column | first | last |", "|---|---|---|"]
        lines += [f"| {shown(column.name)} | {column.summary['min']} | {column.summary['max']} |" for column in dated]
    for column in columns:
        if column.type in ("text", "boolean"):
            lines += ["", f"## {shown(column.name)}", "", "| value | rows | share |", "|---|---:|---:|"]
            lines += [f"| {shown(value)} | {count} | {count / column.count:.1%} |" for value, count in column.top]
            if column.distinct > len(column.top):
                lines += ["", f"{column.distinct - len(column.top)} other values are not shown."]
    return "\n".join(lines) + "\n"


def number(value: float | str | None) -> str:
    """Six significant digits, or a dash for a value that there is not."""
    return "-" if value is None else f"{value:.6g}"


def shown(text: str, longest: int = _LONGEST) -> str:
    """Text from outside in one line of a Markdown table."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else line[: longest - 3] + "..."
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", line)
