"""How hostile files are made: any bytes, pieces of YAML and CSV in any order, right files with something changed."""
import re

from hypothesis import strategies as st

from tests.fuzz.whole import FILES, KINDS

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


@st.composite
def changed(draw: st.DrawFn, file: str) -> bytes:
    """A right file with a few words taken out, put in, doubled or exchanged."""
    parts = re.findall(r"[\w.-]+|[^\w\s]|\s+", FILES[file])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(parts) - 1, 0)))
        until = at + draw(st.integers(0, 6))
        new = draw(st.lists(st.sampled_from([*WORDS[file], *TOKENS]) | st.text(max_size=8), max_size=3))
        parts[at:until] = [*parts[at:until] * draw(st.integers(0, 2)), *new]
    return "".join(parts).encode(errors="surrogatepass")


def hostile(file: str) -> st.SearchStrategy[bytes]:
    return st.one_of(changed(file), changed(file), PIECES, st.binary(max_size=300))


FILE_AND_DATA = st.sampled_from(KINDS).flatmap(lambda file: st.tuples(st.just(file), hostile(file)))
