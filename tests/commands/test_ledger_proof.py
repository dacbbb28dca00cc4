"""A tenant proves a credit: whole commands in a repository that was run, and the file alone in an empty folder."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform.errors import CorruptError, InputError, UsageError
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.record import HEADER
from tests.support import ROOT, accept_loss, command, delivered, rows

PUBLISHED = """import _platform_boot
from pathlib import Path
from platform.signing.keys import private_key_file
print(private_key_file(Path("signing.pem")).public)"""


class Shop:
    """A repository with a key, in a folder of its own; `elsewhere` is an empty one."""

    def __init__(self, repo: Path, key: Path, elsewhere: Path) -> None:
        self.repo, self.elsewhere, self._pem = repo, elsewhere, key.read_text()
        self.public = key.with_name("key.txt").read_text()

    def __call__(self, words: str) -> subprocess.CompletedProcess[str]:
        return command(self.repo, f"python -m platform.cli {words}", PLATFORM_SIGNING_KEY=self._pem)

    def check(self, file: Path, words: str = "") -> subprocess.CompletedProcess[str]:
        """As the tenant does it: the console script, no repository, no state, the public key from elsewhere."""
        script = str(Path(sys.executable).with_name("platform"))
        return subprocess.run([script, "ledger", "check-proof", str(file), "--public-key", self.public, *words.split()],
                              cwd=self.elsewhere, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, run once, and beside it a key."""
    folder = tmp_path_factory.mktemp("proof")
    repo = delivered(folder / "repo")
    done = command(repo, "python -m platform.cli ledger keygen ../key.pem --json")
    assert done.returncode == 0, done.stderr
    (folder / "key.txt").write_text(json.loads(done.stdout)["public_key"])
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Shop:
    (tmp_path / "elsewhere").mkdir()
    return Shop(Path(shutil.copytree(made / "repo", tmp_path / "repo")), made / "key.pem", tmp_path / "elsewhere")


@pytest.fixture
def item(shop: Shop) -> dict[str, str]:
    return next(row for row in rows(shop.repo / ".billing-state" / "transaction_items.csv")
                if row["deliverable_id"] == "said")


def proof_of(shop: Shop, name: str, *, since: Path | None = None) -> Path:
    file = shop.elsewhere / f"{len(list(shop.elsewhere.iterdir()))}.json"
    done = shop(f"ledger proof {name} --output {file}" + (f" --since {since}" if since else ""))
    assert done.returncode == 0, done.stderr
    return file


def topup(shop: Shop, amount: int, reference: str) -> None:
    done = shop(f"admin-topup --tenant-id tenant --amount-credits {amount} --topup-method-id bank-wire "
                f"--reference {reference}")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_tenant_checks_its_item_in_an_empty_folder(shop: Shop, item: dict[str, str]) -> None:
    posts = (shop.repo / ".billing-state" / JOURNAL).read_bytes().count(b"\n") - 1
    file = proof_of(shop, item["transaction_item_id"])
    done = shop.check(file)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    assert lines[:4] == [["proved", f"post 2 of {posts} in the ledger"], ["tenant", "tenant"],
                         ["SPEND", "-14 credits: Order tea charged"],
                         ["item", f"-2 credits: Step one, deliverable said, {item['transaction_item_id']}"]]
    assert lines[4][1] == f"{item['created_at']} in transaction {item['transaction_id']}"
    assert sorted(shop.elsewhere.iterdir()) == [file]


@pytest.mark.slow
def test_transactions_keys_and_beginnings_name_the_same_post(shop: Shop, item: dict[str, str]) -> None:
    key = json.loads(item["metadata_json"])["idempotency_key"]
    for name in (item["transaction_id"], item["transaction_id"][:8], key):
        assert "post 2 of" in shop.check(proof_of(shop, name)).stdout
    for name, words in (("SPEND:", "write more characters of the id"), ("nothing", "no post has the id"),
                        ("''", "the id of the post is empty")):
        done = shop(f"ledger proof {name}")
        assert (done.returncode, done.stdout, words in done.stderr) == (2, "", True), done.stderr


def test_other_programs_verify_it_too(shop: Shop, item: dict[str, str]) -> None:
    """libsodium the signature, securesystemslib the envelope, scitt-cose the tree of the whole journal."""
    from nacl.signing import VerifyKey
    from scitt_cose import merkle
    from securesystemslib.dsse import Envelope

    value = json.loads(proof_of(shop, item["transaction_item_id"]).read_text())
    envelope = Envelope.from_dict(json.loads(json.dumps(value["head"])))
    signature = base64.b64decode(value["head"]["signatures"][0]["sig"])
    VerifyKey(base64.b64decode(shop.public)).verify(envelope.pae(), signature)
    head = json.loads(envelope.payload)
    lines = (shop.repo / ".billing-state" / JOURNAL).read_bytes().removeprefix(HEADER).splitlines(keepends=True)
    entries = [line.hex() for line in lines]
    assert (head["tree_size"], head["root_hash"]) == (len(lines), merkle.merkle_root(entries))
    assert merkle.inclusion_proof(entries, value["inclusion"]["index"]) == value["inclusion"]["path"]


def test_it_shows_nothing_of_another_tenant(shop: Shop, item: dict[str, str]) -> None:
    other = ("admin-topup --tenant-id other1 --amount-credits 77 --topup-method-id bank-wire --reference secret-77 "
             "--note confidential")
    (shop.repo / "tenants" / "other1").mkdir()
    (shop.repo / "tenants" / "other1" / "tenant.yml").write_text("tenant_id: other1\ntenant_name: Other\n")
    done = shop(other)
    assert done.returncode == 0, done.stderr
    text = proof_of(shop, item["transaction_item_id"]).read_text()
    assert [word for word in ("other1", "secret-77", "confidential") if word in text] == []


@pytest.mark.slow
def test_an_older_head_is_a_prefix_until_history_is_rewritten(shop: Shop, item: dict[str, str], tmp_path: Path) -> None:
    kept = proof_of(shop, item["transaction_item_id"])
    topup(shop, 5, "later")
    newer = proof_of(shop, "topup:", since=kept)
    done = shop.check(newer, f"--since {kept}")
    assert done.returncode == 0, done.stderr
    assert "unchanged" in done.stdout
    alone = proof_of(shop, "topup:")
    done = shop.check(alone, f"--since {kept}")
    assert (done.returncode, "does not connect to your head" in done.stderr) == (13, True)

    # The operator throws the state away and posts another history, of more posts than before.
    shutil.rmtree(shop.repo / ".billing-state")
    shutil.rmtree(shop.repo / "runtime")
    accept_loss(shop.repo)
    assert command(shop.repo, "doit run").returncode == 0
    for number in range(3):
        topup(shop, 6, f"other-{number}")
    done = shop(f"ledger proof {item['transaction_item_id']} --since {kept}")
    assert done.returncode == 13, done.stderr
    assert "this ledger differs from that of the older head" in done.stderr
    forged = json.loads(proof_of(shop, item["transaction_item_id"]).read_text())
    forged["since"] = json.loads(newer.read_text())["since"]
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    done = shop.check(tmp_path / "forged.json", f"--since {kept}")
    assert (done.returncode, "may have been rewritten" in done.stderr) == (13, True)


def test_a_state_that_was_rolled_back_is_14(shop: Shop, tmp_path: Path) -> None:
    before = shutil.copytree(shop.repo / ".billing-state", tmp_path / "before")
    topup(shop, 5, "later")
    assert shop("ledger head --output head.json").returncode == 0
    shutil.rmtree(shop.repo / ".billing-state")
    shutil.copytree(before, shop.repo / ".billing-state")
    done = shop("ledger head --since head.json")
    assert (done.returncode, "rolled back" in done.stderr) == (14, True)


def test_a_head_alone_is_checked_in_the_same_way(shop: Shop) -> None:
    (shop.elsewhere / "head.json").write_text(shop("ledger head").stdout)
    done = shop.check(shop.elsewhere / "head.json", "--json")
    assert (done.returncode, json.loads(done.stdout)["post"]) == (0, None)


@pytest.mark.slow
def test_another_key_is_13_and_none_is_2(shop: Shop, item: dict[str, str]) -> None:
    file = proof_of(shop, item["transaction_item_id"])
    done = command(shop.repo, f"python -m platform.cli ledger check-proof {file}")
    assert (done.returncode, "--public-key" in done.stderr) == (2, True)
    shop.public = json.loads(shop("ledger keygen other.pem --json").stdout)["public_key"]
    done = shop.check(file)
    assert (done.returncode, "the head is not signed by the key" in done.stderr) == (13, True), done.stderr


def test_inside_the_repository_the_profile_says_the_key(shop: Shop, item: dict[str, str]) -> None:
    profile = shop.repo / "config" / "runtime_profile.yml"
    profile.write_text(profile.read_text().replace("signing: {", f"signing: {{public_key: {shop.public}, "))
    assert shop(f"ledger check-proof {proof_of(shop, item['transaction_item_id'])}").returncode == 0


def test_without_a_key_it_is_17_and_says_what_to_do(shop: Shop, item: dict[str, str]) -> None:
    for words in ("head", f"proof {item['transaction_item_id']}"):
        done = command(shop.repo, f"python -m platform.cli ledger {words}", PLATFORM_SIGNING_KEY="")
        assert (done.returncode, done.stdout, "`ledger keygen FILE`" in done.stderr) == (17, "", True)


def test_a_damaged_journal_is_never_signed(shop: Shop) -> None:
    journal = shop.repo / ".billing-state" / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b'""amount_credits"":100', b'""amount_credits"":900'))
    done = shop("ledger head")
    assert (done.returncode, done.stdout) == (13, "")


@pytest.mark.parametrize("words", ["head", "proof 1"])
def test_a_damaged_table_is_13_and_nothing_is_signed(shop: Shop, words: str) -> None:
    table = shop.repo / ".billing-state" / "transactions.csv"
    table.write_bytes(table.read_bytes().replace(b",100,", b",900,", 1))
    done = shop(f"ledger {words}")
    assert (done.returncode, done.stdout, "transactions.csv:" in done.stderr) == (13, "", True)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "words"), [
    ("", "file-empty"), ("tea", "no.json:1:1: error[not-json]"), ("[]", "wrong-type"), ("{}", "missing-field"),
    ("[" * 100_000, "not-json"), ('{"format": 1, "format": 1}', "duplicate key")])
def test_what_is_no_proof_is_10(shop: Shop, text: str, words: str) -> None:
    (shop.elsewhere / "no.json").write_text(text)
    done = shop.check(shop.elsewhere / "no.json")
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (10, True, False), done.stderr
    assert shop.check(shop.elsewhere / "nowhere.json").returncode == 10


@pytest.mark.slow
def test_the_page_for_tenants_does_as_it_says(shipped_run: Path) -> None:
    """Every command of docs/howto/prove-a-credit.md in its order; the key that the operator published is a variable."""
    page = (ROOT / "docs" / "howto" / "prove-a-credit.md").read_text()
    blocks = re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    public = f"PUBLIC_KEY=$(python -c '{PUBLISHED}')\n"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", blocks[0] + public + "".join(blocks[1:])], cwd=shipped_run,
                          capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(blocks) == 4
    names = [line.split()[0] for line in done.stdout.splitlines()]
    checked = ["proved", "tenant", "SPEND", "item", "posted"]
    assert names == ["public", "key", "private", "proof.json:", *checked, "head", "newer.json:", *checked, "unchanged",
                     "head"]


@pytest.fixture(scope="module")
def whole(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A proof with an older head in it, and the public key."""
    folder = tmp_path_factory.mktemp("flipped")
    shop = Shop(Path(shutil.copytree(made / "repo", folder / "repo")), made / "key.pem", folder)
    assert shop("ledger head --output old.json").returncode == 0
    topup(shop, 5, "later")
    assert shop("ledger proof topup: --since old.json --output proof.json").returncode == 0
    return folder / "repo" / "proof.json", shop.public


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bit=st.integers(0, 10**6))
def test_a_flipped_bit_is_refused_or_changes_nothing_that_is_proved(whole: tuple[Path, str], bit: int,
                                                                    tmp_path: Path) -> None:
    from platform.commands.proof_file import read_proof
    from platform.report.proof_check import check_proof, facts_as_text
    from platform.signing.keys import public_key

    file, key = whole
    data = bytearray(file.read_bytes())
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    (tmp_path / "flipped.json").write_bytes(data)
    right = facts_as_text(check_proof(read_proof(str(file)), public_key(key)))
    try:
        found = facts_as_text(check_proof(read_proof(str(tmp_path / "flipped.json")), public_key(key)))
    except (InputError, CorruptError, UsageError):
        return
    assert found == right
