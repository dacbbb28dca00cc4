"""What was found to conform is not validated again, and nothing else is taken on trust."""
from platform.config import files
from platform.config.files import read_value
from platform.config.valid import Valid
from platform.confined import Folder

TENANT = b"tenant_id: nxlkGI\ntenant_name: Northern Lights\n"


def test_the_second_reading_does_not_validate_and_finds_the_same(tmp_path, monkeypatch):
    (tmp_path / "tenant.yml").write_bytes(TENANT)
    valid = Valid(tmp_path / "valid.json")
    first = read_value(Folder.at(tmp_path), "tenant.yml", "tenant", (), valid)
    valid.save()
    monkeypatch.setattr(files, "schema_faults", None)  # calling it would fail
    again = read_value(Folder.at(tmp_path), "tenant.yml", "tenant", (), Valid(tmp_path / "valid.json"))
    assert again.value == first.value == {"tenant_id": "nxlkGI", "tenant_name": "Northern Lights"}


def test_a_file_with_a_fault_and_the_same_bytes_as_another_kind_are_looked_at(tmp_path):
    valid = Valid(tmp_path / "valid.json")
    (tmp_path / "tenant.yml").write_bytes(b"tenant_id: nxlkGI\n")
    for _ in range(2):
        assert [problem.code for problem in
                read_value(Folder.at(tmp_path), "tenant.yml", "tenant", (), valid).problems] == ["missing-field"]
    valid.add("tenant", TENANT)
    assert valid.holds("tenant", TENANT)
    assert not valid.holds("workorder", TENANT)
    assert not valid.holds("tenant", TENANT + b"\n")


def test_a_damaged_cache_or_one_of_other_schemas_is_empty(tmp_path):
    valid = Valid(tmp_path / "valid.json")
    valid.add("tenant", TENANT)
    valid.save()
    kept = (tmp_path / "valid.json").read_text()
    for text in ("", "[]", "{", kept.replace('"schemas": "', '"schemas": "0')):
        (tmp_path / "valid.json").write_text(text)
        assert not Valid(tmp_path / "valid.json").holds("tenant", TENANT)
