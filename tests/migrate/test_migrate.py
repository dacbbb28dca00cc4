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
version: '0.20'
kind: transform  # reads, writes nothing elsewhere
description: "Lists the departures: of one harbour."

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
        default: as usual
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
    # What tenants buy.
    - deliverable_id: tenant_outputs
      description: The list
      outputs: [list]
  limited_port: []
testing:
  self_test:
    params: {harbour: Kiel}
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
"""
BESIDE = {
    "errors.yml": "# none\n",
    "validation.yml": "rules:\n- no tide\n- no ferry\nstrict: true\n",
    "requirements.yml": "FERRY_KEY: from the harbour\n",
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
        (8, "supports_downloadable_artifacts"): "removed; a tenant can buy and receive what deliverables.port lists",
        (9, "produces_manifest"): "removed; the kind implies it, and a module of kind `transform` writes none",
        (12, "cache.enabled"): "removed; results are always kept",
        (14, "cache.retention_default"): "cache.retention",
        (15, "cache.key_inputs"): "removed; no counterpart: every input is in the key",
        (24, "harbour.case_sensitive"): "removed; no counterpart: a value is compared and hashed as it is written",
        (28, "lines.item_type"): "schema.items.type: string",
        (33, "stops.item_type"): "schema.items.type: string",
        (33, "stops.case_sensitive"): "removed; no counterpart: a value is compared and hashed as it is written",
        (38, "size.schema.nullable"): 'schema.type: ["string","null"]',
        (44, "note.schema.nullable"): "removed; a value is null only if a type list allows it",
        (57, "deliverables.limited_port"): "removed; it is empty",
    }
    assert told[-1] == "1 module: 12 lines in 1 module to migrate; nothing was written; --write does it"


def test_comments_order_and_quotes_stay_and_the_result_works(repo: Path) -> None:
    status, told, wrong = call(repo, "migrate modules --write")
    assert (status, wrong) == (0, [])
    assert (repo / "modules/ferry/module.yml").read_text() == NOW
    assert sorted(path.name for path in (repo / "modules/ferry").iterdir()) == ["module.yml", "src"]
    assert files(repo / "modules/.earlier/ferry") == {"module.yml": EARLIER.encode()}
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
        "modules/ferry/module.yml:8:1: error[earlier-format]: `supports_downloadable_artifacts` is a field of the "
        "earlier contract format; "
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
     "by hand: no counterpart; a tenant can buy tenant_outputs: remove what is not for sale"),
    ("  limited_port: []\ntesting", "  limited_port: [{deliverable_id: inner, outputs: [list]}]\ntesting",
     "deliverables.limited_port: by hand: no counterpart: everything that is listed can be bought; remove inner"),
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
    assert (again, any(told in line for line in lines)) == (10, True), lines


def test_each_entry_of_a_file_beside_the_contract_is_reported_and_stays(repo: Path) -> None:
    for name, text in BESIDE.items():
        (repo / "modules/ferry" / name).write_text(text)
    status, told, wrong = call(repo, "migrate modules/ferry --write")
    beside = [line.removeprefix("modules/ferry/") for line in told if ".yml:" in line and "/module.yml:" not in line]
    reason = "by hand: a reason in config/reasons.yml, which says whether a failure is refunded; write it there, " \
             "return its slug as reason_slug, and then remove it here"
    assert (status, wrong, beside) == (10, [], [
        "errors.yml:1:1: errors.yml: removed; it is empty",
        "requirements.yml:1:12: FERRY_KEY: by hand: an entry of requirements.secrets or requirements.vars in "
        "module.yml; write it there, and then remove it here",
        f"validation.yml:2:3: rules.0: {reason}", f"validation.yml:3:3: rules.1: {reason}",
        f"validation.yml:4:9: strict: {reason}"])
    assert sorted(path.name for path in (repo / "modules/ferry").iterdir()) == [
        "module.yml", "requirements.yml", "src", "validation.yml"]
    assert files(repo / "modules/.earlier/ferry") == {"module.yml": EARLIER.encode(), "errors.yml": b"# none\n"}


def test_an_unknown_field_is_reported_and_stays(repo: Path) -> None:
    contract = repo / "modules/ferry/module.yml"
    contract.write_text("colour: red\n" + EARLIER)
    status, _, wrong = call(repo, "migrate modules/ferry --write")
    assert (status, len(wrong), wrong[0].startswith("modules/ferry/module.yml:1:1: error[unknown-field]: ")) == (
        10, 1, True), wrong
    assert contract.read_text() == "colour: red\n" + NOW


def test_the_result_for_programs(repo: Path) -> None:
    told = json.loads("\n".join(call(repo, "migrate modules/ferry --json")[1]))
    assert {"file": "modules/ferry/module.yml", "line": 14, "column": 3, "field": "cache.retention_default",
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
    assert (others, len(told)) == ([], 14)


def test_a_directory_without_contracts_is_a_usage_error(repo: Path) -> None:
    for name, told in (("config", "config: has no module.yml"), ("nowhere", "nowhere: is not a directory"),
                       ("dodo.py", "dodo.py: is not a directory")):
        status, _, wrong = call(repo, f"migrate {name}")
        assert (status, wrong[0].startswith(told)) == (2, True)


def test_a_workspace_and_a_directory_outside_of_one_can_be_named(repo: Path, tmp_path: Path) -> None:
    assert call(repo, "migrate .")[0] == 1
    done = command(tmp_path, f"{CLI} migrate {repo}/modules/ferry")
    assert done.returncode == 1
    assert f"{repo}/modules/ferry/module.yml:8:1: supports_downloadable_artifacts: removed" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_said_and_stays(repo: Path) -> None:
    (repo / "modules").chmod(0o500)
    status, _, wrong = call(repo, "migrate modules --write")
    (repo / "modules").chmod(0o700)
    assert (status, "cannot be written" in wrong[0]) == (15, True)


def test_what_cannot_be_looked_at_is_not_nothing_to_migrate(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/module.yml").write_text(EARLIER)
    (tmp_path / "below/linked").symlink_to(tmp_path / "elsewhere")
    done = command(tmp_path, f"{CLI} migrate below")
    assert (done.returncode, "nothing to migrate" in done.stdout) == (10, False), done.stdout + done.stderr
