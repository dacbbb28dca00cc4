"""derive_queries, seed_text, bigfile_gen, package_std: small things that can be said in a line each."""
import hashlib
import json
import zipfile

import pytest


def test_a_topic_becomes_queries_the_bare_topic_first(module):
    runner = module("derive_queries")
    runner.run(topic="  wooden   sailing boats ")
    assert (runner.outputs / "derived_queries.txt").read_text().splitlines() == [
        "wooden sailing boats", "wooden sailing boats overview", "wooden sailing boats examples",
        "wooden sailing boats photos", "wooden sailing boats last 7 days"]


@pytest.mark.parametrize(("inputs", "queries"), [
    ({"language": "de", "freshness_days": "0"}, ["{x}", "{x} Überblick", "{x} Beispiele", "{x} Fotos"]),
    ({"language": "en-GB", "freshness_days": "30"}, ["{x}", "{x} overview", "{x} examples", "{x} photos",
                                                     "{x} last 30 days"]),
    ({"language": "fi"}, ["{x}"])])
def test_language_and_freshness_choose_the_words_and_braces_are_text(module, inputs, queries):
    runner = module("derive_queries")
    runner.run(topic="{x}", **inputs)
    assert (runner.outputs / "derived_queries.txt").read_text().splitlines() == queries
    assert json.loads((runner.outputs / "report.json").read_text())["count"] == len(queries)


def test_a_detailed_report_lists_the_queries(module):
    runner = module("derive_queries")
    runner.run(topic="x", language="fi", summary_style="detailed")
    assert json.loads((runner.outputs / "report.json").read_text())["queries"] == ["x"]


def test_a_seed_text_names_its_topic_and_says_that_it_is_a_template(module):
    runner = module("seed_text")
    runner.run(topic="{days} of sail", freshness_days="30")
    text = (runner.outputs / "source_text.txt").read_text()
    assert text.startswith("{days} of sail\n\nThis is an outline. It was written from a template")
    assert "in the last 30 days" in text
    report = json.loads((runner.outputs / "report.json").read_text())
    assert (report["origin"], report["characters"]) == ("template", len(text))


@pytest.mark.parametrize("size", [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_big_file_has_its_size_and_a_smaller_one_is_its_beginning(module, size):
    runner = module("bigfile_gen")
    runner.run(bytes=size)
    data = (runner.outputs / "big.bin").read_bytes()
    assert len(data) == size
    assert json.loads((runner.outputs / "report.json").read_text())["sha256"] == hashlib.sha256(data).hexdigest()
    runner.run(bytes=size + 5)
    assert (runner.outputs / "big.bin").read_bytes()[:size] == data


def test_the_bytes_of_a_big_file_never_change(module):
    runner = module("bigfile_gen")
    runner.run(bytes=8, seed="a")
    assert (runner.outputs / "big.bin").read_bytes() == hashlib.shake_128(b"shake128-blocks-1:0:a").digest(8)


def test_a_disk_that_is_full_is_a_reason_and_no_crash(module, monkeypatch):
    runner = module("bigfile_gen")
    code = runner.code()

    def full(size, seed):
        yield b"x"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(code.__globals__, "blocks", full)
    monkeypatch.setattr(runner, "code", lambda: code)
    result = runner.run(bytes=5)
    assert (result["status"], result["reason_slug"]) == ("FAILED", "output_write_failed")
    assert "No space left" in result["message"]


def test_a_package_knows_where_its_files_come_from(module, bound, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/01.png").write_bytes(b"png")
    (tmp_path / "note.txt").write_text("a note")
    runner = module("package_std")
    result = runner.run(bound_outputs=[bound(tmp_path / "pictures", as_path="images"), bound(tmp_path / "note.txt")])
    assert result == {"status": "COMPLETED"}
    rows = json.loads((runner.outputs / "manifest.json").read_text())["files"]
    assert [(row["dest_path"], row["source_step_id"], row["source_module_id"], row["source_output_id"])
            for row in rows] == [("images/01.png", "up", "upper", "out"), ("up/note.txt", "up", "upper", "out")]
    with zipfile.ZipFile(runner.outputs / "package.zip") as read:
        assert read.read("up/note.txt") == b"a note"
        assert read.read("manifest.csv") == (runner.outputs / "manifest.csv").read_bytes()


def test_two_files_of_one_name_make_no_package(module, bound, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    result = module("package_std").run(bound_outputs=[bound(tmp_path / "a", as_path="x.txt"),
                                                      bound(tmp_path / "b", as_path="X.txt")])
    assert (result["status"], result["reason_slug"]) == ("FAILED", "package_failed")
    assert "the same name in the package" in result["message"]


@pytest.mark.parametrize("forged", ["text", 5, {}, {"path": 7, "sha256": ""}, {"path": "/etc/passwd"}])
def test_a_literal_where_a_binding_must_be_is_refused(module, forged):
    result = module("package_std").run(bound_outputs=[forged])
    assert (result["status"], result["reason_slug"]) == ("FAILED", "bad_input_format")
    assert "bound_outputs[0] is no binding" in result["message"]


def test_a_map_that_looks_like_a_binding_gets_nobodys_file(module):
    result = module("package_std").run(bound_outputs=[{"path": "/etc/passwd", "sha256": "0" * 64, "as_path": "mine"}])
    assert (result["status"], result["reason_slug"]) == ("FAILED", "package_failed")
