"""How hostile files are made: any bytes, pieces of YAML and CSV in any order, right files with words exchanged, and
right files with other values in their places: those get past the reader and try what comes behind."""
import re
from collections.abc import Iterator
from functools import reduce
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.fuzz.whole import CONTRACT, FILES, KINDS, ORDER

Path = tuple[str | int, ...]

TOKENS = [
    "work_order_id: UbjkpxZO", "steps:", "\n", "\n  ", "\n    ", "- ", "step_id: a", "module_id: make",
    "kind: transform", "inputs: ", "{", "}", "[", "]", ": ", ", ", "'", '"', "&a ", "*a", "!!str ", "!x ", "|", ">",
    "---\n", "%YAML 1.1\n", "\t", "# x", "\\", "012", "0x1F", ".nan", "-.inf", "1e999", "9" * 5000, "9" * 19, "~",
    "null", "true", "on", "No", "2026-02-30", "from_step: a", "output_id: text", "from_file: report.json",
    "asset: table.csv", "asset: ../x", "selector: json", "json_path: $.a[0]", "json_path: $..a", "take: -1",
    "as_path: aux.txt", "as_path: ../x", "enabled: false", "? ", "<<: ", "ä", "e\u0301", "\u2028", "\u202e", "\x85",
    "\0", "\x1b", "\ufeff", "\ud7ff", "\U0001f600", "needs: [a]", "deliverables: [all, all]",
    "schedule_cron: 0 0 31 2 *", "promotions: [WELCOME]", "retries: 1.0", "timeout_s: 0", "metadata: {}",
    "schema: {pattern: '('}", "schema: {$ref: '#'}", "schema: {type: 5}", "schema: {enum: 1}", "path: ../x",
    "path: a//b", "required: yes", "default: {fixture: x}", "limited_inputs: {x: 1}",
    "params: {topic: {fixture: ../x}}", "effective_from", "2026-01-01", "make,__run__,5,2026-01-01,,true,", ",", '""',
    "-5", "1.5", "true,false", "AKIAABCDEFGHIJKLMNOP", "a@b.c,d@e.f", "x" * 300, " " * 300, "[" * 40, "{a: " * 40,
]
PIECES = st.lists(st.sampled_from(TOKENS), max_size=40).map(lambda parts: "".join(parts).encode(errors="surrogatepass"))
WORDS = {file: sorted({*re.findall(r"[\w.-]+|[^\w\s]|\s+", text)}) for file, text in FILES.items()}


HOSTILE = ("\0", "\x1b", "\x85", "\ufeff", "%YAML", "---")  # each of these ends the reading
WORDS_IN = [token for token in TOKENS if not token.startswith(HOSTILE)]
SCALARS = st.sampled_from([
    None, True, False, 0, -1, 1, 2**63, 1e308, 1.5, "", "a", "yes", "012", "2026-02-30", "a\nb", "a\0b", "x" * 5000,
    "make", "send", "__run__", "all", "extra", "../x", "table.csv", "$.a[0]", "$..a", "a@b.c,d@e.f", "* * 31 2 *",
    "pack", "(", "(a", "STRICT", "delivery", "nxlkGI", "Zz9999", "\u202e", "AKIAABCDEFGHIJKLMNOP", 10**120])
NAMES = st.sampled_from([
    "from_step", "output_id", "asset", "selector", "take", "json_path", "as_path", "fixture", "a", "",
    "pattern", "minimum", "multipleOf", "enum", "type", "items", "schema", "id", "path", "default"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
                      max_leaves=8)


@st.composite
def changed(draw: st.DrawFn, file: str) -> bytes:
    """A right file with a few words taken out, put in, doubled or exchanged."""
    parts = re.findall(r"[\w.-]+|[^\w\s]|\s+", FILES[file])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(parts) - 1, 0)))
        new = draw(st.lists(st.sampled_from(WORDS[file]) | st.sampled_from(WORDS_IN), max_size=2))
        parts[at:at + draw(st.integers(0, 3))] = new
    return "".join(parts).encode(errors="surrogatepass")


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to every value inside a value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))


@st.composite
def other_values(draw: st.DrawFn, file: str) -> bytes:
    """A right file whose form is right too, with other values, fields and items in it."""
    if file.endswith(".csv"):
        rows = [line.split(",") for line in FILES[file].splitlines()]
        for _ in range(draw(st.integers(1, 3))):
            row = draw(st.sampled_from([*rows[1:], *rows[1:], *rows]))
            row[draw(st.integers(0, len(row) - 1))] = str(draw(SCALARS))[:6000].replace("\n", " ")
        return "\n".join(",".join(row) for row in rows).encode()
    value = yaml.safe_load(FILES[file])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(value))[1:] or [()]))
        if not path:
            return b"{}\n"  # nothing is left to change
        holder = reduce(lambda held, key: held[key], path[:-1], value)
        kind = draw(st.sampled_from(["exchange", "exchange", "drop", "add"]))
        if kind == "drop":
            del holder[path[-1]]
        elif kind == "exchange" or isinstance(holder, list):
            holder[path[-1]] = draw(VALUES)
        else:
            holder[draw(NAMES)] = draw(VALUES)
    return yaml.dump(value, Dumper=Plain, sort_keys=False, allow_unicode=True).encode(errors="surrogatepass")


class Plain(yaml.SafeDumper):
    """Without anchors, which the reader refuses, and with numbers of any length."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Plain.add_representer(int, lambda dumper, number: dumper.represent_scalar(
    "tag:yaml.org,2002:int", str(number) if abs(number) < 10**100 else "9" * 5000))


def hostile(file: str) -> st.SearchStrategy[bytes]:
    return st.one_of(other_values(file), other_values(file), changed(file), PIECES, st.binary(max_size=300))


FILE_AND_DATA = st.sampled_from([*KINDS, ORDER, ORDER, ORDER, CONTRACT, CONTRACT]).flatmap(
    lambda file: st.tuples(st.just(file), hostile(file)))
