"""The book by hand: 100 credits in, 5 + 2 + 1 out, and what it says to posts that come again or do not fit."""
import pytest

from platform.errors import CorruptError
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.charge import unpaid
from platform.ledger.rules.credit import topup
from platform.ledger.rules.keys import charge as charge_key
from platform.ledger.rules.tables import kept_of
from platform.model.entry import Item, Post, PostType
from tests.ledger.conftest import order, replay, step, task_hash

ORDER = order(step("one", ("__run__", 5), ("said", 2)), step("two", ("__run__", 1)))
HUNDRED = topup("tenant", 100, "bank-wire", "wire-1")


def spend(book: Book) -> Post:
    items = unpaid(book, ORDER)
    return Post(charge_key(items), "charge", "tenant", PostType.SPEND, sum(item.amount_credits for item in items),
                "tea", items=items)


def refund(step_id: str, deliverable_id: str, amount: int, epoch: int = 0) -> Post:
    name = task_hash(f"tenant/tea/{step_id}")
    item = Item(f"REFUND:{name}:{deliverable_id}:{epoch}", "say", step_id, deliverable_id, PostType.REFUND, amount,
                name, epoch)
    return Post(f"refund:{item.key}", "refund", "tenant", PostType.REFUND, amount, "tea", items=(item,))


@pytest.fixture
def book() -> Book:
    charged = replay([HUNDRED])
    charged.apply(spend(charged))
    return charged


def test_a_balance_is_what_was_topped_up_less_what_was_spent(book: Book) -> None:
    assert book.balance("tenant") == 100 - (5 + 2 + 1)
    assert book.balance("nobody") == 0
    assert unpaid(book, ORDER) == ()


def test_a_refund_moves_one_item_to_its_next_epoch_and_makes_it_unpaid(book: Book) -> None:
    one = task_hash("tenant/tea/one")
    book.apply(refund("one", "said", 2))
    assert (book.epoch(one, "said"), book.paid(one, "said"), book.balance("tenant")) == (1, None, 94)
    assert (book.epoch(one, "__run__"), book.paid(one, "__run__")) == (0, 5)
    assert [item.key for item in unpaid(book, ORDER)] == [f"SPEND:{one}:said:1"]


def test_a_post_is_new_then_the_same_then_different(book: Book) -> None:
    assert book.compare(topup("tenant", 1, "bank-wire", "wire-2")) is Answer.NEW
    assert book.compare(HUNDRED) is Answer.SAME
    assert book.compare(topup("tenant", 99, "bank-wire", "wire-1")) is Answer.DIFFERENT


@pytest.mark.parametrize(("post", "words"), [
    (refund("one", "said", 3), "refunds 3 credits of 2"),
    (refund("one", "said", 2, epoch=1), "does not follow"),
    (refund("three", "__run__", 5), "does not follow"),
    (Post("x", "topup", "tenant", PostType.TOPUP, -5), "cannot"),
    (Post("x", "charge", "tenant", PostType.SPEND, 5), "cannot"),
    (Post("x", "refund", "tenant", PostType.REFUND, 4, items=refund("one", "said", 2).items), "do not add up"),
    (Post("x", "refund", "tenant", PostType.REFUND, 4, items=refund("one", "said", 2).items * 2), "twice"),
])
def test_a_post_that_breaks_a_rule_is_objected_to(book: Book, post: Post, words: str) -> None:
    assert words in book.objection(post, kept_of(post))
    with pytest.raises(CorruptError, match=words):
        book.apply(post)


def test_a_draft_sees_the_book_below_and_leaves_it_alone(book: Book) -> None:
    draft = book.draft()
    draft.apply(refund("one", "said", 2))
    draft.apply(topup("other", 7, "bank-wire", "wire-1"))
    assert draft.balances() == {"tenant": 94, "other": 7}
    assert book.balances() == {"tenant": 92}
    assert (draft.seq, book.seq) == (4, 2)
    assert draft.has(HUNDRED.key)
