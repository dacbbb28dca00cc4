"""A profile as JSON and as Markdown. Text from the table is shown as text: it can be no markup and
no second column."""
import json
import re
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from stats import Column
from table import Table

_LONGEST = 60
LONGEST = 20  # digits of a number in a table for reading


def as_json(title: str, table: Table, sha256: str, columns: Sequence[Column]) -> str:
    """The profile; `sha256` is the table file's. Numbers are written exactly."""
    about = {"sha256": sha256, "encoding": table.encoding, "delimiter": table.delimiter}
    if table.sep_line:
        about["sep_line"] = True
    return _written({"title": title, "table": about, "rows": table.rows,
                     "columns": [_column(column) for column in columns]}) + "\n"


def _written(value: Any, indent: str = "\n") -> str:
    """JSON as `json.dumps(value, indent=2)` has it, with decimals, which that cannot write."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        return (
            "{"
            + ",".join(
                f"{deeper}{json.dumps(name, ensure_ascii=False)}: {_written(item, deeper)}"
                for name, item in value.items()
            )
            + indent
            + "}"
        )
    if isinstance(value, list) and value:
        return "[" + ",".join(deeper + _written(item, deeper) for item in value) + indent + "]"
    return _decimal(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _decimal(value: Decimal) -> str:
    """As it was written where that is plain, as a reader with binary fractions writes it where that
    is exact, and otherwise with all its digits."""
    written, binary = str(value), repr(float(value))
    if "." in written and "E" not in written:
        return written
    return binary if Decimal(binary) == value else written


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "count": column.count,
        "missing": column.missing,
        "distinct": column.distinct,
        **column.summary,
        "top": [{"value": value, "count": count} for value, count in column.top],
    }


def as_markdown(title: str, table: Table, columns: Sequence[Column]) -> str:
    lines = [f"# {shown(title, 200)}", "", f"{table.rows} rows, {len(columns)} columns "
             f"({table.encoding}, divided by {table.delimiter}).", "",
             "| column | type | values | missing | distinct |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {shown(column.name)} | {column.type} | {column.count} | {column.missing} | "
        f"{column.distinct} |"
        for column in columns
    ]
    numeric = [column for column in columns if "mean" in column.summary]
    if numeric:
        names = ("min", "q25", "median", "mean", "q75", "max", "stdev")
        lines += [
            "",
            "## Numbers",
            "",
            f"| column | {' | '.join(names)} |",
            "|---" + "|---:" * len(names) + "|",
        ]
        lines += [
            f"| {shown(column.name)} | "
            + " | ".join(
                number(column.summary.get(name), exact=name not in ("mean", "stdev"))
                for name in names
            )
            + " |"
            for column in numeric
        ]
    dated = [column for column in columns if column.type == "date"]
    if dated:
        lines += ["", "## Dates", "", "| column | first | last |", "|---|---|---|"]
        lines += [
            f"| {shown(column.name)} | {column.summary['min']} | {column.summary['max']} |"
            for column in dated
        ]
    for column in columns:
        if column.type in ("text", "boolean"):
            lines += [
                "",
                f"## {shown(column.name)}",
                "",
                "| value | rows | share |",
                "|---|---:|---:|",
            ]
            lines += [
                f"| {shown(value)} | {count} | {count / column.count:.1%} |"
                for value, count in column.top
            ]
            if column.distinct > len(column.top):
                lines += ["", f"{column.distinct - len(column.top)} other values are not shown."]
    return "\n".join(lines) + "\n"


def number(value: int | Decimal | None, *, exact: bool = True) -> str:
    """A number for reading: all its digits where they are few, or six significant ones and never
    fewer than it has before the point; a dash where there is none."""
    if value is None:
        return "-"
    whole = Decimal(value)
    if abs(whole.adjusted()) >= LONGEST:
        return f"{float(whole):.6g}" if float(whole) or not whole else f"{whole:.6g}".lower()
    digits = LONGEST if exact else max(6, whole.adjusted() + 1)
    return format(Context(prec=digits).plus(whole).normalize(), "f")


def shown(text: str, longest: int = _LONGEST) -> str:
    """Text from outside in one line of a Markdown table."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else line[: longest - 3] + "..."
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", line)
