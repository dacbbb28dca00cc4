"""`migrate`: earlier contracts and the files beside them, reported line by line, and changed in place."""
import json
import os
import re
from pathlib import Path

import pytest

from tests.support import command, repository

CLI = "python -m platform.cli"
EARLIER = """\
# The ferry's timetable.
module_id: ferry
name: Ferry
version: 0.20
kind: transform  # reads, writes nothing elsewhere
description: "Lists the departures: of one harbour."
entrypoint: python -m modules.ferry

supports_downloadable_artifacts: true
produces_manifest: false

cache:
  enabled: true
  # A week is enough.
  retention_default: 1w
  key_inputs:
    - harbour
    - lines
ports:
  inputs:
    port:
      - id: harbour
        type: string
        required: true
        case_sensitive: false
        schema: {minLength: 1}
      - id: lines
        type: array
        item_type: string   # names of lines
        schema:
          maxItems: 5
          items:
            minLength: 1
      - {id: stops, type: array, item_type: string, case_sensitive: true}
      - id: size
        type: string
        default: null
        schema:
          nullable: true
          enum: [small, "großß", null]
      - id: note
        type: string
        default_json: '"as usual"'
        binding:
          allowed: false
        schema:
          nullable: false
    limited_port: []
  outputs:
    port:
      - id: list
        type: file
        path: list.txt
deliverables:
  port:
    - deliverable_id: __run__
      outputs: [list]
    # What tenants buy.
    - deliverable_id: tenant_outputs
      title: The list
      outputs: [list]
  limited_port: []
testing:
  self_test:
    description: One harbour.
    params:
      tenant_id: selftestTENANT
      inputs:
        harbour: Kiel
    expect: {status: COMPLETED, files: [list.txt]}
"""
NOW = """\
# The ferry's timetable.
module_id: ferry
name: Ferry
version: '0.20'
kind: transform  # reads, writes nothing elsewhere
description: "Lists the departures: of one harbour."

cache:
  # A week is enough.
  retention: 1w
ports:
  inputs:
    port:
      - id: harbour
        type: string
        required: true
        schema: {minLength: 1}
      - id: lines
        type: array
        schema:
          maxItems: 5
          items:
            minLength: 1
            type: string
      - {id: stops, type: array, schema: {items: {type: string}}}
      - id: size
        type: string
        default: null
        schema:
          type: [string, 'null']
          enum: [small, "großß", null]
      - id: note
        type: string
        default: as usual
    limited_port: []
  outputs:
    port:
      - id: list
        type: file
        path: list.txt
deliverables:
  port:
    # What tenants buy.
    - deliverable_id: tenant_outputs
      description: The list
      outputs: [list]
testing:
  self_test:
    params: {harbour: Kiel}
    expect: {status: COMPLETED, files: [list.txt]}
requirements: {secrets: [{name: FERRY_KEY, note: from the harbour}], vars: [{name: FERRY_LANG, value: de}]}
"""
BESIDE = {
    "errors.yml": "errors:\n  - error_code: BAD_INPUT\n    severity: ERROR\n  - error_code: MISSING_SECRET\n",
    "validation.yml": "reasons:\n- reason_slug: external_api_error\n- reason_slug: tide_too_low\n"
                      "  description: The ferry cannot dock.\n- reason_slug: skipped_cache\n",
    "requirements.yml": "requirements:\n- requirement_type: secret\n  requirement_key: FERRY_KEY\n"
                        "  requirement_value: ''\n  note: from the harbour\n- requirement_type: var\n"
                        "  requirement_key: FERRY_LANG\n  requirement_value: de\n",
    "action.yml": "runs: {using: composite}\n",
}
CODE = """\
def run(params, outputs_dir):
    with open(f"{outputs_dir}/list.txt", "w") as file:
        file.write(f"{params['harbour']} {params['note']} {params.get('size')}")
    return {"status": "COMPLETED"}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = repository(tmp_path / "repo")
    ferry = repo / "modules/ferry"
    (ferry / "src").mkdir(parents=True)
    (ferry / "src/run.py").write_text(CODE)
    (ferry / "module.yml").write_text(EARLIER)
    for name, text in BESIDE.items():
        (ferry / name).write_text(text)
    prices = repo / "config/module_prices.csv"
    rows = "ferry,__run__,5,2020-01-01,,true,\nferry,tenant_outputs,2,2020-01-01,,true,\n"
    prices.write_text(prices.read_text() + rows)
    profile = repo / "config/runtime_profile.yml"
    profile.write_text(profile.read_text().replace("module_secrets:", "module_secrets:\n  ferry: [FERRY_KEY]"))
    return repo


def call(repo: Path, line: str) -> tuple[int, list[str], list[str]]:
    done = command(repo, f"{CLI} {line}", FERRY_KEY="sesame-1234")
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_field_is_reported_at_its_line_and_nothing_is_written(repo: Path) -> None:
    before = files(repo / "modules")
    status, told, wrong = call(repo, "migrate modules/ferry")
    assert (status, wrong, files(repo / "modules")) == (1, [], before)
    at = {(int(line), name): words for line, name, words in re.findall(
        r"^modules/ferry/module\.yml:(\d+):\d+: (\S+): (.*)$", "\n".join(told), re.MULTILINE)}
    assert at == {
        (4, "version"): "the text '0.20'; a version is not a number",
        (7, "entrypoint"): "removed; the code is src/run.py with a function `run`",
        (9, "supports_downloadable_artifacts"): "removed; a tenant can buy and receive what deliverables.port lists",
        (10, "produces_manifest"): "removed; the kind implies it, and a module of kind `transform` writes none",
        (13, "cache.enabled"): "removed; results are always kept",
        (15, "cache.retention_default"): "cache.retention",
        (16, "cache.key_inputs"): "removed; no counterpart: every input is in the key",
        (25, "harbour.case_sensitive"): "removed; no counterpart: a value is compared and hashed as it is written",
        (29, "lines.item_type"): "schema.items.type: string",
        (34, "stops.item_type"): "schema.items.type: string",
        (34, "stops.case_sensitive"): "removed; no counterpart: a value is compared and hashed as it is written",
        (39, "size.schema.nullable"): 'schema.type: ["string","null"]',
        (43, "note.default_json"): 'default: "as usual"',
        (44, "note.binding"): "removed; no counterpart: an order may bind any output that is not limited",
        (47, "note.schema.nullable"): "removed; a value is null only if a type list allows it",
        (56, "__run__.deliverable_id"): "removed; every module has the charge for running a step",
        (60, "tenant_outputs.title"): "description",
        (62, "deliverables.limited_port"): "removed; it is empty",
        (65, "testing.self_test.description"): "removed; no counterpart: the module's README describes it",
        (68, "testing.self_test.params.inputs"):
            "params, which has the inputs itself; tenant_id removed, the platform sets them",
    }
    text = "\n".join(told)
    assert "errors.yml:2:5: `BAD_INPUT`: the reason bad_input_format of config/reasons.yml" in text
    assert "errors.yml:4:5: `MISSING_SECRET`: removed; the platform itself fails such a step" in text
    assert "validation.yml:3:3: `tide_too_low`: a reason of the module; without an entry it counts as " in text
    assert "{slug: tide_too_low, scope: ferry, category: module, refundable: true, description: The ferry" in text
    assert "requirements.yml:2:3: FERRY_KEY: requirements.secrets" in text
    assert "action.yml:1:1: action.yml: removed; no counterpart" in text
    assert told[-1] == "1 module: 28 lines in 1 module to migrate; nothing was written; --write does it"


def test_comments_order_and_quotes_stay_and_the_result_works(repo: Path) -> None:
    status, told, wrong = call(repo, "migrate modules --write")
    assert (status, wrong) == (0, [])
    assert (repo / "modules/ferry/module.yml").read_text() == NOW
    assert sorted(path.name for path in (repo / "modules/ferry").iterdir()) == ["module.yml", "src"]
    assert files(repo / "modules/.earlier/ferry") == {
        "module.yml": EARLIER.encode(), **{name: text.encode() for name, text in BESIDE.items()}}
    assert "the earlier version is in modules/.earlier/ferry" in "\n".join(told)
    assert call(repo, "consistency-validate")[0] == 0
    assert call(repo, "verify-module ferry")[0] == 0
    status, told, _ = call(repo, "migrate modules --write")
    assert (status, told[-1].endswith(": nothing to migrate")) == (0, True)
    assert not (repo / "modules/.earlier-2").exists()


def test_a_value_that_may_be_null_is_null(repo: Path) -> None:
    call(repo, "migrate modules --write")
    assert call(repo, "run-module ferry --input harbour=Kiel --input size=null")[0] == 10  # a text that is not allowed
    (repo / "modules/ferry/module.yml").write_text(NOW.replace("{harbour: Kiel}", "{harbour: Kiel, size: null}"))
    assert call(repo, "consistency-validate")[0] == 0
    assert call(repo, "verify-module ferry")[0] == 0
    (repo / "modules/ferry/module.yml").write_text(NOW.replace("{harbour: Kiel}", "{harbour: null}"))
    assert call(repo, "consistency-validate")[0] == 10


def test_a_contract_with_earlier_fields_has_one_error_that_names_migrate(repo: Path) -> None:
    status, told, _ = call(repo, "consistency-validate")
    assert (status, told[:-1]) == (10, [
        "modules/ferry/module.yml:7:1: error[earlier-format]: `entrypoint` is a field of the earlier contract format; "
        f"run `{CLI} migrate modules/ferry` to see what each field becomes, then add --write"])


def test_a_backup_is_never_overwritten(repo: Path) -> None:
    contract = repo / "modules/ferry/module.yml"
    call(repo, "migrate modules --write")
    contract.write_text(EARLIER.replace("Ferry\n", "Ship\n"))
    call(repo, "migrate modules --write")
    kept = [(repo / f"modules/{name}/ferry/module.yml").read_text() for name in (".earlier", ".earlier-2")]
    assert kept == [EARLIER, EARLIER.replace("Ferry\n", "Ship\n")]


@pytest.mark.parametrize(("old", "new", "told"), [
    ("retention_default: 1w", "retention_default: forever", "cache.retention_default: by hand: cache.retention, which"),
    ("retention_default: 1w", "retention_default: 1w\n  retention: 2w", "by hand: cache.retention is `2w`, and this"),
    ("supports_downloadable_artifacts: true", "supports_downloadable_artifacts: false",
     "by hand: no counterpart; a tenant can buy __run__, tenant_outputs: remove what is not for sale"),
    ("  limited_port: []\ntesting", "  limited_port: [{deliverable_id: inner, outputs: [list]}]\ntesting",
     "deliverables.limited_port: by hand: no counterpart: everything that is listed can be bought; remove inner"),
    ("""'"as usual"'""", "as usual", "note.default_json: by hand: default, but the text is not JSON"),
    ("minLength: 1\n      - {", "minLength: 1\n            type: integer\n      - {",
     "lines.item_type: by hand: schema.items.type is `integer`, and this is string; keep one of them"),
])
def test_what_only_a_person_can_decide_is_left_and_reported(repo: Path, old: str, new: str, told: str) -> None:
    contract = repo / "modules/ferry/module.yml"
    assert old in EARLIER
    contract.write_text(EARLIER.replace(old, new, 1))
    status, lines, _ = call(repo, "migrate modules/ferry --write")
    assert (status, any(told in line for line in lines)) == (10, True), lines
    assert call(repo, "consistency-validate")[1][0].count("error[earlier-format]") == 1 or "retention: 2w" in new
    again, lines, _ = call(repo, "migrate modules/ferry --write")
    assert (again, any(told.replace("__run__, ", "") in line for line in lines)) == (10, True), lines


def test_other_forms_of_the_files_beside_stay(repo: Path) -> None:
    (repo / "modules/ferry/errors.yml").write_text("not: a list\n")
    (repo / "modules/ferry/validation.yml").write_text("# nothing\n")
    (repo / "modules/ferry/requirements.yml").write_text(
        "requirements: [{requirement_type: python, requirement_key: numpy}]\n")
    status, told, _ = call(repo, "migrate modules/ferry --write")
    assert status == 10
    assert any("errors.yml:1:1: errors.yml: by hand: has another form than a list of errors" in line for line in told)
    assert any("requirements.yml:1:16: `numpy`: by hand: no counterpart for the type `python`" in line for line in told)
    assert sorted(path.name for path in (repo / "modules/ferry").iterdir()) == [
        "errors.yml", "module.yml", "requirements.yml", "src"]


def test_the_result_for_programs(repo: Path) -> None:
    told = json.loads("\n".join(call(repo, "migrate modules/ferry --json")[1]))
    assert {"file": "modules/ferry/module.yml", "line": 15, "column": 3, "field": "cache.retention_default",
            "becomes": "cache.retention", "by_hand": False} in told["findings"]
    assert (told["problems"], told["migrated"]) == ([], [])


def test_windows_line_ends_and_a_byte_order_mark_stay(repo: Path) -> None:
    contract = repo / "modules/ferry/module.yml"
    contract.write_bytes(b"\xef\xbb\xbf" + EARLIER.replace("\n", "\r\n").encode())
    assert call(repo, "migrate modules/ferry --write")[0] == 0
    assert contract.read_bytes() == b"\xef\xbb\xbf" + NOW.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(("content", "told"), [
    (b"module_id: f\xe4hre\n", "modules/ferry/module.yml:1:13: error[not-utf8]"),
    (b"# " + b"x" * (10 << 20), "modules/ferry/module.yml:1:1: error[file-too-large]"),
    (b"produces_manifest: true\nproduces_manifest: false\n", "modules/ferry/module.yml:2:1: error[duplicate-key]"),
    (b"cache: &c {enabled: true}\nmetadata: *c\n", "modules/ferry/module.yml:1:8: error[yaml-alias]"),
    (b"cache:\n\tenabled: true\n", "modules/ferry/module.yml:2:1: error[yaml-tab]"),
    (b"a: " + b"[" * 100_000, "modules/ferry/module.yml:1:35: error[yaml-too-deep]"),
    (b"- a\n", "modules/ferry/module.yml:1:1: error[wrong-type]"),
    (b"", "modules/ferry/module.yml:1:1: error[file-empty]"),
])
def test_a_file_that_cannot_be_read_is_one_line_and_stays(repo: Path, content: bytes, told: str) -> None:
    contract = repo / "modules/ferry/module.yml"
    contract.write_bytes(content)
    for line in ("migrate modules/ferry", "migrate modules --write"):
        status, _, wrong = call(repo, line)
        assert (status, len(wrong), wrong[0].startswith(told)) == (10, 1, True), wrong
    assert contract.read_bytes() == content


def test_no_link_is_followed_below_the_directory(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (repo / "modules/ferry").rename(outside)
    (repo / "modules/ferry").symlink_to(outside)
    before = files(outside)
    status, _, wrong = call(repo, "migrate modules --write")
    assert (status, len(wrong), "error[linked-directory]" in wrong[0]) == (10, 1, True)
    (repo / "modules/ferry").unlink()
    (repo / "modules/ferry").mkdir()
    (repo / "modules/ferry/module.yml").symlink_to(outside / "module.yml")
    status, _, wrong = call(repo, "migrate modules/ferry --write")
    assert (status, len(wrong), "error[not-a-file]" in wrong[0]) == (10, 1, True)
    assert files(outside) == before


def test_a_backup_is_written_through_no_link(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / "modules/.earlier").symlink_to(tmp_path / "elsewhere")
    status, _, wrong = call(repo, "migrate modules --write")
    assert (status, "is a symbolic link" in wrong[0]) == (15, True)
    assert (list((tmp_path / "elsewhere").iterdir()), (repo / "modules/ferry/module.yml").read_text()) == ([], EARLIER)


@pytest.mark.parametrize("path", ["a" * 5000, "loop/x", "loop", "/proc/self/x/y", "/dev/null/x"])
def test_a_path_that_cannot_be_is_one_line(repo: Path, path: str) -> None:
    (repo / "loop").symlink_to("loop")
    status, told, wrong = call(repo, f"migrate {path}")
    assert (status, told, len(wrong)) == (2, [], 1)


def test_a_name_of_several_lines_is_one_line(repo: Path) -> None:
    (repo / "modules/ferry").rename(repo / "modules/fer\nry")
    status, told, wrong = call(repo, "migrate modules --write")
    assert (status, wrong) == (0, [])
    others = [line for line in told[:-1] if not line.removeprefix("migrated ").startswith("modules/fer\\nry/")]
    assert (others, len(told)) == ([], 30)


def test_a_directory_without_contracts_is_a_usage_error(repo: Path) -> None:
    for name, told in (("config", "config: has no module.yml"), ("nowhere", "nowhere: is not a directory"),
                       ("dodo.py", "dodo.py: is not a directory")):
        status, _, wrong = call(repo, f"migrate {name}")
        assert (status, wrong[0].startswith(told)) == (2, True)


def test_a_workspace_and_a_directory_outside_of_one_can_be_named(repo: Path, tmp_path: Path) -> None:
    assert call(repo, "migrate .")[0] == 1
    done = command(tmp_path, f"{CLI} migrate {repo}/modules/ferry")
    assert done.returncode == 1
    assert f"{repo}/modules/ferry/errors.yml:2:5: `BAD_INPUT`: the reason bad_input_format" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_said_and_stays(repo: Path) -> None:
    (repo / "modules").chmod(0o500)
    status, _, wrong = call(repo, "migrate modules --write")
    (repo / "modules").chmod(0o700)
    assert (status, "cannot be written" in wrong[0]) == (15, True)
