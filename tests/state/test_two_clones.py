"""Two clones share one folder of releases: whole commands, as two people would type them."""
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platform.check.conform import faults, validator
from platform.config.schema import schema
from platform.ledger.journal.record import HEADER, encode
from platform.ledger.rules.body import body_of
from platform.model.digest import canonical_json, sha256_hex
from platform.model.entry import Post, PostType
from platform.state.manifest import Segment, name_of, parse, render
from tests.support import TEA, command, repository, rows

PROFILE = """profile_id: shared
billing_state: {{dir: .billing-state, release: {release}}}
release_store: {{type: folder, dir: {store}, tag_prefix: dev-}}
delivery: {{email: {{transport: outbox, outbox_dir: outbox}}, folder: {{root_dir: deliveries}}}}
sandbox: process
"""
STATE = "python -m platform.cli state"
TOPUP = "python -m platform.cli admin-topup --tenant-id tenant --topup-method-id bank-wire"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "releases"


def clone(folder: Path, store: Path, release: str = "required", order: str = "tea") -> Path:
    """A repository of its own over the shared store; without a billing state."""
    repository(folder)
    (folder / "config" / "runtime_profile.yml").write_text(PROFILE.format(release=release, store=store))
    add_order(folder, order)
    return folder


def add_order(repo: Path, order: str) -> None:
    file = repo / "tenants" / "tenant" / "workorders" / f"{order}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(TEA.replace("work_order_id: tea", f"work_order_id: {order}"))


@pytest.fixture
def one(tmp_path: Path, store: Path) -> Path:
    """The first clone: it has made the release."""
    repo = clone(tmp_path / "one", store)
    assert told(repo, f"{STATE} init").startswith(
        "billing state: generation 1 published in dev-billing-state-0001, 0 posts more\n")
    return repo


@pytest.fixture
def two(tmp_path: Path, store: Path) -> Path:
    return clone(tmp_path / "two", store)


def told(repo: Path, line: str, exit_status: int = 0) -> str:
    done = run(repo, line)
    assert done.returncode == exit_status, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(repo: Path, line: str) -> subprocess.CompletedProcess[str]:
    done = command(repo, line)
    assert "Traceback" not in done.stderr
    return done


def balance(repo: Path) -> str:
    return {row["tenant_id"]: row["credits_available"] for row in rows(state(repo) / "tenants_credits.csv")}["tenant"]


def state(repo: Path) -> Path:
    return repo / ".billing-state"


def journal(repo: Path) -> bytes:
    return (state(repo) / "journal.csv").read_bytes()


def newest(store: Path) -> Path:
    return max(store.glob("*/state_manifest.*.json"))


@pytest.mark.slow
def test_what_one_paid_the_other_does_not_pay_again(one: Path, two: Path) -> None:
    first = told(one, "doit run")
    assert "billing state: generation 3 published in dev-billing-state-0001, 3 posts more" in first
    second = told(two, "doit run")
    assert "billing state: generation 3, 6 posts of others" in second
    assert "published" not in second  # it ran the steps, whose outputs it does not have, and posted nothing
    assert balance(two) == balance(one) == "86"
    assert journal(one) == journal(two)
    assert told(one, f"{STATE} hydrate") == "billing state: generation 3, nothing new\n"
    assert json.loads(told(one, f"{STATE} verify --json")) == {
        "findings": [], "generations": 3, "segments": 2, "posts": 6, "behind": 0, "ahead": 0}


def test_what_lies_in_the_release_and_beside_the_ledger_is_what_the_schemas_say(one: Path, store: Path) -> None:
    told(one, f"{TOPUP} --amount-credits 5 --reference a")
    for file, name in ((newest(store), "release_manifest"), (state(one) / "trusted_head.json", "trusted_head")):
        assert faults(validator(schema(name)), json.loads(file.read_bytes())) == []


@pytest.mark.slow
def test_both_post_at_once_and_come_to_one_journal(one: Path, two: Path) -> None:
    told(two, f"{STATE} hydrate")
    told(two, "doit run billing_state_dir=elsewhere")  # a scratch state: no release's
    assert not (two / "elsewhere" / "trusted_head.json").exists()
    told(one, f"{TOPUP} --amount-credits 7 --reference a")
    add_order(two, "milk")
    out = told(two, f"{TOPUP} --amount-credits 5 --reference b")
    assert "balance 112 credits" in out
    told(two, "doit run")
    told(one, "doit run")
    assert balance(one) == balance(two) == str(100 + 7 + 5 - 14 - 14)
    assert journal(one) == journal(two)
    assert told(one, f"{STATE} verify").endswith("missing here 0, not published 0\n")


@pytest.mark.slow
def test_a_charge_that_is_not_covered_any_more_is_kept_aside_with_what_stands_on_it(one: Path, two: Path) -> None:
    told(one, f"{TOPUP} --amount-credits 5 --reference a")
    told(two, f"{STATE} hydrate")
    offline = {"release: required": "release: none"}
    for repo, names in ((one, "abcd"), (two, "efgh")):
        edit(repo, offline)
        for name in names:
            add_order(repo, f"order-{name}")
        told(repo, "doit run")
        edit(repo, {"release: none": "release: required"})
    told(one, f"{STATE} publish")
    said = told(two, f"{STATE} hydrate", 11)
    assert "charge of -14 credits for tenant/order-g could not be posted again: tenant has 7 credits and 14 are" in said
    assert "completion for tenant/order-g could not be posted again: the charge that it belongs to" in said
    kept = (state(two) / "journal.lost.1").read_text().splitlines()
    assert len(kept) == 1 + said.count("could not be posted again:")
    assert balance(two) == "7"
    assert told(two, "python -m platform.cli ledger verify").startswith(str(journal(two).count(b"\n") - 1))
    assert "refused      tenant/order-g  not_enough_credits" in told(two, "doit run", 12)


def edit(repo: Path, changes: dict[str, str]) -> None:
    file = repo / "config" / "runtime_profile.yml"
    text = file.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


@pytest.mark.slow
def test_a_release_that_was_rolled_back_is_refused_and_nothing_is_charged(
        one: Path, store: Path, tmp_path: Path) -> None:
    shutil.copytree(store, tmp_path / "old")
    told(one, "doit run")
    shutil.rmtree(store)
    (tmp_path / "old").rename(store)
    before = journal(one)
    add_order(one, "milk")
    for line in (f"{STATE} hydrate", f"{STATE} publish", f"{STATE} verify", "doit run",
                 f"{TOPUP} --amount-credits 1 --reference x"):
        said = told(one, line, 14)
        assert "has no generation 3, which existed before" in said or "but generation 3 existed before" in said
    assert journal(one) == before


@pytest.mark.slow
def test_a_release_that_is_gone_is_never_an_empty_one(one: Path, two: Path, store: Path) -> None:
    told(one, "doit run")
    shutil.rmtree(store)
    assert "the release no longer exists" in told(one, "doit run", 14)
    assert "was shared in dev-billing-state-0001 up to generation 3" in told(one, f"{STATE} init", 14)
    assert "run `state init` once" in told(two, "doit run", 14)
    assert not (state(two) / "journal.csv").exists()


@pytest.mark.slow
def test_an_expired_release_is_refused_until_somebody_looked(one: Path, two: Path, store: Path) -> None:
    expire(store)
    for repo, line in ((two, f"{STATE} hydrate"), (two, "doit run"), (two, f"{STATE} verify")):
        assert "generation 1 expired on" in told(repo, line, 14)
    assert "generation 2 published" in told(two, f"{STATE} publish --renew")
    told(two, "doit run")


def expire(store: Path) -> None:
    """The first generation as it would be had its days passed: nobody has trusted it yet in the second clone."""
    past = datetime.now(UTC) - timedelta(days=40)
    text = newest(store).read_text()
    for name, days in (("created", 0), ("expires", 30)):
        time = (past + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = re.sub(rf'"{name}": "[^"]*"', f'"{name}": "{time}"', text)
    newest(store).write_text(text)


@pytest.mark.slow
def test_a_damaged_segment_is_refused_with_its_name(one: Path, two: Path, store: Path) -> None:
    told(one, "doit run")
    segment = min(store.glob("*/journal-*"))
    segment.write_bytes(segment.read_bytes().replace(b'""amount_credits"":100', b'""amount_credits"":900'))
    for repo, line in ((two, f"{STATE} hydrate"), (two, "doit run"), (one, f"{STATE} verify")):
        assert f"{segment.name}: does not match its manifest" in told(repo, line, 13)
    assert not (state(two) / "journal.csv").exists()


@pytest.mark.slow
def test_a_journal_that_breaks_the_ledgers_rules_is_refused_and_never_taken(
        one: Path, two: Path, store: Path) -> None:
    """All hashes are right: whoever can write into a release can make them."""
    told(one, "doit run")
    told(two, f"{TOPUP} --amount-credits 5 --reference b")
    edit(two, {"release: required": "release: none"})
    told(two, f"{TOPUP} --amount-credits 6 --reference c")  # only here: for it theirs is judged another way
    edit(two, {"release: none": "release: required"})
    add_generation(store, Post("charge:forged", "charge", "tenant", PostType.SPEND, -1000))
    for repo in (one, two):
        before = journal(repo)
        for line in (f"{STATE} hydrate", "doit run"):
            said = told(repo, line, 13)
            assert "dev-billing-state-0001/journal.csv:9: charge:forged takes the balance of tenant below zero" in said
        assert journal(repo) == before


def add_generation(store: Path, post: Post) -> None:
    """One more generation with this post, made as a stranger would."""
    before = newest(store).read_bytes()
    manifest = parse(before)
    line, digest = encode(manifest.seq + 1, "2026-11-27T12:00:00Z", post, canonical_json(body_of(post)), manifest.hash)
    data = HEADER + line
    segment = Segment(manifest.seq + 1, manifest.seq + 1, digest, sha256_hex(data), len(data))
    (newest(store).parent / segment.name).write_bytes(data)
    after = replace(manifest, generation=manifest.generation + 1, previous=sha256_hex(before), seq=segment.last,
                    hash=digest, segments=(*manifest.segments, segment))
    (newest(store).parent / name_of(after.generation)).write_bytes(render(after))


def test_another_manifest_under_a_trusted_name_is_refused(one: Path, store: Path) -> None:
    expire(store)
    assert "is not the manifest of generation 1 that was trusted" in told(one, f"{STATE} hydrate", 14)


@pytest.mark.slow
def test_init_makes_one_release_and_never_another(one: Path, two: Path) -> None:
    assert "run `state hydrate` to use it" in told(two, f"{STATE} init", 11)
    assert "up to generation 1" in told(one, f"{STATE} init", 14)


@pytest.mark.slow
def test_a_profile_that_shares_nothing_says_so_and_one_that_may_be_offline_runs(tmp_path: Path, store: Path) -> None:
    repo = clone(tmp_path / "one", store, release="none")
    assert "is not shared, the profile sets billing_state.release to none" in told(repo, f"{STATE} hydrate", 17)
    told(repo, "doit run")
    assert not store.exists()
    edit(repo, {"release: none": "release: optional", f"type: folder, dir: {store}, tag_prefix: dev-": "type: none"})
    add_order(repo, "milk")
    assert "billing state: stays offline, the profile sets release_store.type to none" in told(repo, "doit run")
    edit(repo, {"release: optional": "release: required"})
    assert "is required, but the profile sets release_store.type to none" in told(repo, "doit run", 17)
    assert "not the billing state of config/runtime_profile.yml" in told(
        repo, f"{STATE} hydrate --billing-state-dir elsewhere", 2)


@pytest.mark.slow
def test_commands_that_only_look_do_not_ask_the_release(one: Path, store: Path) -> None:
    told(one, "doit run")
    shutil.rmtree(store)
    for line in ("doit list --all --status", "python -m platform.cli quote", "python -m platform.cli status",
                 "doit run check"):
        told(one, line)


@pytest.mark.slow
def test_a_failed_order_is_published_too(one: Path, two: Path) -> None:
    file = one / "tenants" / "tenant" / "workorders" / "tea.yml"
    file.write_text(file.read_text().replace("inputs: {text: milk,", "inputs: {text: milk, fail: timed_out,"))
    run(one, "doit run")
    told(two, f"{STATE} hydrate")
    assert journal(one) == journal(two)


@pytest.mark.slow
def test_an_order_that_only_the_other_clone_has_is_not_taken_for_deleted(one: Path, two: Path) -> None:
    """It was charged and stopped before it ran; here its file has never been."""
    add_order(one, "milk")
    told(one, "doit run charge:tenant/milk")
    told(two, "doit run")
    assert "superseded" not in journal(two).decode()
    assert balance(two) == str(100 - 14 - 14)
    told(one, "doit run")
    assert "published" not in told(two, "doit run")
    assert (journal(one), balance(two)) == (journal(two), str(100 - 14 - 14))


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True])
def test_an_order_that_was_deleted_is_refunded_where_it_was_charged(one: Path, two: Path, lost: bool) -> None:
    """Even when nothing of it ran. Where that is not known any more, a draft of the order says that it is over."""
    add_order(one, "milk")
    told(one, "doit run charge:tenant/milk")
    file = one / "tenants/tenant/workorders/milk.yml"
    file.unlink()
    if lost:
        shutil.rmtree(one / "runtime")
        told(one, "doit run")
        assert balance(one) == str(100 - 14 - 14)
        assert "tenant milk -5 credits" in told(one, "python -m platform.cli ledger audit", 1)
        file.write_text("work_order_id: milk\nenabled: false\n")
    assert "refunded     14 credits for work of deleted orders" in told(one, "doit run")
    told(two, "doit run")
    assert (journal(one), balance(two)) == (journal(two), str(100 - 14))


@pytest.mark.slow
def test_clones_that_disagree_whether_an_order_is_over_lose_and_double_nothing(one: Path, two: Path) -> None:
    """A draft here, and still an order there: refunded here, charged once more there, and then it is done for both."""
    add_order(one, "milk")
    told(one, "doit run charge:tenant/milk")
    (two / "tenants/tenant/workorders/milk.yml").write_text("work_order_id: milk\nenabled: false\n")
    told(two, "doit run")
    assert balance(two) == str(100 - 14)
    told(one, "doit run")
    told(two, "doit run")
    told(one, "doit run")
    assert (journal(one), balance(two)) == (journal(two), str(100 - 14 - 14))
    assert journal(one).decode().count("superseded") > 0
    assert json.loads(told(one, "python -m platform.cli ledger audit --json"))["unexplained"] == []


def pinned(repo: Path, head: dict[str, object]) -> None:
    line = ", ".join(f"{name}: {value!r}" for name, value in head.items())
    edit(repo, {"release: required}": "release: required, trusted_head: {" + line + "}}"})


@pytest.mark.slow
def test_the_line_that_publish_prints_pins_the_head_for_a_machine_that_saw_no_release(
        one: Path, two: Path, store: Path) -> None:
    early = shutil.copytree(store, store.with_name("early"))
    said = told(one, f"{TOPUP} --amount-credits 5 --reference a") + told(one, f"{STATE} publish")
    line = re.search(r"to pin it, in billing_state of config/runtime_profile.yml: (trusted_head: \{.*\})", said)
    assert line, said
    head = json.loads(told(one, f"{STATE} publish --json"))["trusted_head"]
    edit(two, {"release: required}": f"release: required, {line[1]}}}"})
    assert "2 posts of others" in told(two, f"{STATE} hydrate")
    told(one, f"{TOPUP} --amount-credits 6 --reference b")
    told(two, f"{STATE} hydrate")
    told(two, f"{STATE} verify")
    three = clone(two.with_name("three"), store)
    pinned(three, head)
    told(three, f"{STATE} hydrate")
    assert balance(three) == "111"
    shutil.rmtree(store)  # an older release in the place of the newer one
    shutil.copytree(early, store)
    four = clone(two.with_name("four"), store)
    pinned(four, head)
    for command_line in (f"{STATE} hydrate", f"{STATE} publish", f"{STATE} verify", "doit run"):
        assert "older than generation 2 of the profile's trusted_head" in told(four, command_line, 14)
    assert not (state(four) / "journal.csv").exists()


@pytest.mark.parametrize(("changed", "words"), [
    ({"hash": "1" * 64}, "generation 2 differs from the profile's trusted_head"),
    ({"seq": 1}, "generation 2 differs from the profile's trusted_head"),
    ({"generation": 1, "hash": "1" * 64}, "does not contain post 2 of the profile's trusted_head"),
    ({"generation": 1, "seq": 3}, "does not contain post 3 of the profile's trusted_head"),
])
def test_a_release_without_the_pinned_head_is_refused(one: Path, two: Path, changed: dict[str, object],
                                                      words: str) -> None:
    told(one, f"{TOPUP} --amount-credits 5 --reference a")
    head = json.loads(told(one, f"{STATE} publish --json"))["trusted_head"]
    pinned(two, {**head, **changed})
    assert words in told(two, f"{STATE} hydrate", 14)
    assert not (state(two) / "journal.csv").exists()


def test_no_release_is_made_from_a_ledger_without_the_pinned_head(two: Path) -> None:
    pinned(two, {"generation": 1, "seq": 1, "hash": "1" * 64})
    assert "does not contain post 1 of the profile's trusted_head" in told(two, f"{STATE} init", 14)


def test_what_one_clone_charged_another_one_cancels_once(one: Path, two: Path) -> None:
    """The charge of the first clone is refunded by the second, and neither starts the order again."""
    told(one, "doit run step:tenant/tea/one")  # the order is charged as a whole
    said = told(two, "python -m platform.cli cancel tenant/tea --note stop")
    assert "7 credits refunded for 3 steps (two, package, put)" in said
    again = told(one, "python -m platform.cli cancel tenant/tea --note stop")
    assert "cancelled before; nothing changed" in again
    for repo in (one, two):
        run(repo, "doit run")
        told(repo, "python -m platform.cli ledger verify")
        last = rows(repo / ".billing-state" / "transactions.csv")
        assert [row["amount_credits"] for row in last if row["type"] == "REFUND"] == ["7"]
    audit = json.loads(told(one, "python -m platform.cli ledger audit --json"))
    assert audit["unexplained"] == []
