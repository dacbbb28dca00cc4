"""What a profile says of another provider is not this delivery's business. Whole runs and a real mail server."""
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from platform.model.digest import digest_of
from tests.delivery.house import House


@pytest.fixture
def house(tmp_path: Path, mail_server, authority) -> Iterator[House]:
    with mail_server() as server:
        yield House(tmp_path / "repo", server, authority)


@pytest.mark.slow
def test_a_new_provider_reopens_no_delivery_and_an_upgrade_does_not_either(house: House) -> None:
    house.run()
    posts = house.posts
    folder = house.smtp.replace("delivery: {", "delivery: {folder: {root_dir: box}, ")
    house.profile.write_text(folder)
    assert "steps: 3 up to date" in house.run()
    record = house.root / "runtime/tenant/tea/mail/run.json"
    value = json.loads(record.read_text())
    assert set(value["inputs"]["delivery"]) == {"email"}
    value["inputs"]["delivery"]["folder"] = {"root_dir": "box"}  # as the version before wrote it
    value["inputs_digest"] = digest_of(value["inputs"])
    record.write_text(json.dumps(value))
    for profile in (folder, folder.replace("root_dir: box", "root_dir: crate"), house.smtp):
        house.profile.write_text(profile)
        assert "steps: 3 up to date" in house.run()
        assert (house.mails, house.posts) == (1, posts)
    house.profile.write_text(folder.replace("from: us@", "from: them@"))
    assert "delivery.email.from changed" in house.run("python -m platform.cli why tenant/tea/mail")
