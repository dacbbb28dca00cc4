"""What of ours is posted again after others' posts, and what is kept aside: one story a rule."""
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import attempts, keys
from platform.ledger.rules.balance import Book
from platform.ledger.rules.credit import grants, topup
from platform.model.entry import Item, Post, PostType
from platform.model.ids import OrderId, StepId
from platform.model.prices import Promotion
from platform.state.local import LocalState
from platform.state.rebase import Rebased, common, rebase
from tests.ledger.conftest import noon, task_hash

HASH = task_hash("one")
STEP = StepId("tenant", "tea", "one")
ONCE = Promotion("ONCE", 30, 1, date(2026, 11, 1))


def paid(amount: int = 10, order: str = "tea", task: str = HASH) -> Post:
    key = keys.item(PostType.SPEND, task, "__run__", 0)
    item = Item(key, "say", "one", "__run__", PostType.SPEND, -amount, task, 0)
    return Post(keys.charge([item]), "charge", "tenant", PostType.SPEND, -amount, order, items=(item,))


def refunded(amount: int = 10, reason: str = "timed_out") -> Post:
    key = keys.item(PostType.REFUND, HASH, "__run__", 0)
    item = Item(key, "say", "one", "__run__", PostType.REFUND, amount, HASH, 0)
    return Post(keys.refund([item]), "refund", "tenant", PostType.REFUND, amount, "tea", reason_code=reason,
                items=(item,))


def done(order: str = "tea", task: str = HASH) -> Post:
    facts = {"done": {task: 0}, "held": {}}
    return Post(keys.completion(OrderId("tenant", order), facts["done"], facts["held"]), "completion", "tenant",
                PostType.SPEND, 0, order, metadata=facts)


def held(order: str = "tea", task: str = HASH) -> Post:
    facts = {"done": {}, "held": {task: 0}}
    return Post(keys.completion(OrderId("tenant", order), facts["done"], facts["held"]), "completion", "tenant",
                PostType.SPEND, 0, order, metadata=facts)


def claimed(host: str, attempt: int = 1) -> Post:
    return attempts.claim(STEP, (HASH, 0), attempt, {"claimant": {"host": host}, "expires_at": "", "settings": {}})


def voided(attempt: int = 1) -> Post:
    return attempts.void(STEP, (HASH, 0), attempt, "not_published")


def arrived(at: str, provider: str = "email") -> Post:
    key, receipt = keys.evidence(HASH, 0, "5a" * 32), {"provider": provider, "sha256": "5a" * 32, "delivered_at": at}
    item = Item(key, "mail", "one", "__delivery_evidence__", PostType.SPEND, 0, HASH, 0,
                metadata={"evidence": receipt, "run_id": f"run-{at}"})
    return Post(key, "evidence", "tenant", PostType.SPEND, 0, "tea", items=(item,))


def settled(decision: str) -> Post:
    return attempts.decision(STEP, (HASH, 0), attempts.Decision(1, decision, "me", "2026-11-24", "", ""))


def granted(order: str) -> Post:
    (post,) = grants(Book(), OrderId("tenant", order), [ONCE], date(2026, 11, 24))
    return post


def top(amount: int, reference: str) -> Post:
    return topup("tenant", amount, "wire", reference)


def based(tmp_path: Path, both: Sequence[Post], theirs: Sequence[Post], ours: Sequence[Post],
          unused_claims: Sequence[str] = ()) -> Rebased:
    journals = []
    for name, posts in (("theirs", theirs), ("ours", ours)):
        local = LocalState(tmp_path / name, noon)
        with closing(Ledger.create(local.folder, noon)) as ledger:
            for post in (*both, *posts):
                ledger.post(lambda book, post=post: [post])
        journals.append(local.lines())
    with local.exclusive():
        result = rebase(local, journals[1], journals[0], unused_claims=unused_claims)
        assert result.lines[:len(journals[0])] == journals[0]
        assert local.lines() == journals[1]  # ours is not touched
    return result


@pytest.mark.parametrize(("both", "theirs", "ours", "again", "lost"), [
    ([], [top(5, "a")], [top(7, "b")], 1, []),
    ([], [top(5, "a")], [top(5, "a"), top(7, "b")], 1, []),
    ([], [top(5, "a")], [top(6, "a")], 0, ["topup was posted before with amount_credits 5, now it says 6"]),
    ([top(10, "a")], [paid()], [paid(), done()], 1, []),
    ([top(10, "a")], [paid(10, "milk", task_hash("milk"))], [paid(), done()], 0,
     ["tenant has 0 credits and 10 are needed", "the charge that it belongs to could not be posted again"]),
    ([top(10, "a"), paid()], [refunded()], [refunded(), top(1, "b")], 1, []),
    ([top(10, "a"), paid()], [refunded(reason="other")], [refunded()], 0,
     ["refund was posted before with reason_code 'other', now it says 'timed_out'"]),
    ([top(10, "a"), paid()], [done()], [refunded()], 0, ["according to the release, this work was done"]),
    ([], [granted("milk")], [granted("tea"), top(1, "b")], 1,
     ["tenant has used this promotion 1 times, and 1 are all"]),
    ([], [granted("tea")], [granted("tea")], 0, []),
    ([top(10, "a"), paid()], [claimed("one")], [claimed("two")], 0, []),
    ([top(10, "a"), paid()], [claimed("one"), arrived("10:00")], [claimed("two"), arrived("11:00")], 0, []),
    ([top(10, "a"), paid()], [arrived("10:00")], [arrived("11:00", provider="folder")], 0, [
        "evidence was posted before with items[1].metadata.evidence.delivered_at '10:00', now it says '11:00'"]),
    ([top(10, "a"), paid(), claimed("one")], [settled("arrived")], [settled("resend")], 0, [
        "decision was posted before with decision 'arrived', now it says 'resend'"]),
    ([top(10, "a"), paid()], [claimed("one")], [claimed("two"), voided()], 0, []),
    ([top(10, "a"), paid()], [claimed("one")], [refunded()], 0, [
        "according to the release, this work is being delivered"]),
    ([top(10, "a"), paid()], [claimed("one"), voided()], [refunded()], 1, []),
    ([top(10, "a"), paid(), claimed("one")], [claimed("two", 2)], [settled("arrived")], 0, [
        "according to the release, another attempt has begun"]),
    ([top(10, "a"), paid()], [done()], [held()], 0, []),
    ([top(10, "a"), paid()], [claimed("one"), voided()], [claimed("two"), arrived("10:00")], 1, []),
], ids=["apart", "in-both", "other-body", "charged-by-both", "not-covered", "refunded-by-both", "refunded-otherwise",
        "done-there", "last-use-twice", "same-use", "claimed-by-both", "delivered-by-both", "delivered-otherwise",
        "decided-otherwise", "void-of-a-claim-that-came-second", "refunded-while-sending", "refunded-after-a-void",
        "decided-while-sending", "done-there-and-failed-here", "arrived-with-a-claim-that-came-second"])
def test_what_is_posted_again(tmp_path: Path, both: list[Post], theirs: list[Post], ours: list[Post], again: int,
                              lost: list[str]) -> None:
    result = based(tmp_path, both, theirs, ours)
    assert (result.posted_again, [post.why for post in result.lost]) == (again, lost)


@pytest.mark.parametrize(("news", "again"), [
    (top(1, "b"), 1), (settled("arrived"), 0), (refunded(), 0), (voided(), 0), (arrived("10:00"), 0)])
def test_a_claim_that_was_not_used_is_dropped_when_the_release_knows_more(
        tmp_path: Path, news: Post, again: int) -> None:
    """Its runner looks again: somebody may have decided, refunded or delivered."""
    claim = claimed("two", 2)
    result = based(tmp_path, [top(10, "a"), paid(), claimed("one")], [news], [claim], [claim.key])
    assert (result.posted_again, result.lost) == (again, ())


@pytest.mark.parametrize(("ours", "theirs", "count"), [
    ("", "", 0), ("abc", "", 0), ("abc", "abc", 3), ("abcd", "ab", 2), ("abx", "aby", 2), ("x", "y", 0)])
def test_where_two_journals_part(ours: str, theirs: str, count: int) -> None:
    lines = [[letter.encode() for letter in word] for word in (ours, theirs)]
    assert common(*lines) == count


def test_lost_posts_are_kept_once_and_never_written_over(tmp_path: Path) -> None:
    local = LocalState(tmp_path, noon)
    first = local.keep_lost([b"a\n"])
    assert (first.name, local.keep_lost([b"a\n"]), local.keep_lost([b"b\n"]).name) == (
        "journal.lost.1", first, "journal.lost.2")
    assert first.read_bytes().endswith(b"hash\na\n")
