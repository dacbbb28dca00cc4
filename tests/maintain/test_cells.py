"""No cell of a table that people open is a formula, and what was written is read back."""
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.model.cells import as_csv, cell, note, plain
from platform.retention.entry import INDEX_COLUMNS, index
from tests.support import command, repository

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("start", STARTS)
def test_a_cell_that_a_spreadsheet_would_calculate_is_text(start: str) -> None:
    for before in ("", " ", "  ", "\u00a0", "\u3000"):
        text = f"{before}{start}HYPERLINK(1)"
        assert cell(text) == f"'{text}" and plain(cell(text)) == text and cell(f"'{text}") == f"''{text}"


@pytest.mark.parametrize("text", ["-9000", "-9.5", "0", "12", "a=b", "", "'tis", "x-1", "it's -1", "' tea"])
def test_a_number_and_an_ordinary_text_stay_as_they_are(text: str) -> None:
    assert cell(text) == text == plain(text)


@given(st.lists(st.text(st.sampled_from("'=+-@\t\r\n 1a,\";\uff1d") | st.characters(exclude_categories=["Cs"]))))
def test_whatever_is_written_is_read_back(texts: list[str]) -> None:
    [read] = csv.reader(io.StringIO(as_csv([texts]).decode(), newline="")) if texts else [[]]
    assert [plain(text) for text in read] == texts
    assert not [text for text in read if text.lstrip(" \u00a0\u3000").startswith(STARTS) and not
                text.removeprefix("-").replace(".", "").isdecimal()]


def test_a_note_of_the_ledger_is_written_as_it_always_was() -> None:
    assert [note(text) for text in ("=1", "-9000", "\tx", "'=1", "tea")] == ["'=1", "'-9000", "'\tx", "'=1", "tea"]


def test_the_index_of_what_is_cached_keeps_what_it_knew() -> None:
    old = as_csv([INDEX_COLUMNS, ("actions", "x", "=ref", "2026-01-01T00:00:00Z", "")])
    assert b"'=ref" in old and index([], ["local"], old) == old == index([], ["local"], index([], ["local"], old))


def test_no_table_of_a_repository_with_hostile_names_has_a_formula(tmp_path) -> None:
    repo = repository(tmp_path / "repo")
    orders = repo / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    title = '=HYPERLINK("http://evil.example", "x")'
    (orders / "tea.yml").write_text(f"""work_order_id: tea
metadata: {{title: {json.dumps(title)}}}
artifacts_requested: true
steps:
  - {{step_id: -one, module_id: say, kind: transform, deliverables: [said], inputs: {{text: tea}}}}
  - step_id: package
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {{bound_outputs: [{{from_step: -one, output_id: said, as_path: "=cmd.txt"}}]}}
  - step_id: put
    module_id: deliver_folder
    kind: delivery
    inputs: {{package_zip: {{from_step: package, output_id: package_zip}}}}
""")
    for line in ("doit run", "doit run maintenance", "python -m platform.cli maintenance --check"):
        done = command(repo, line)
        assert done.returncode == 0, done.stdout + done.stderr
    manifest = (repo / "runtime/tenant/tea/package/outputs/manifest.csv").read_text()
    assert "\n'=cmd.txt," in manifest and ",'-one," in manifest
    assert f'\'{title}'.replace('"', '""') in (repo / "maintenance-state/workorders_index.csv").read_text()
    tables = [*(repo / "maintenance-state").glob("*.csv"), repo / "runtime/tenant/tea/package/outputs/manifest.csv"]
    for table in tables:
        with table.open(newline="", encoding="utf-8") as file:
            assert not [field for row in csv.reader(file) for field in row if field.startswith(STARTS)], table
