"""Which purchases await publishing, told with posts alone."""
from msgspec.structs import replace

from platform.ledger.rules.balance import Book
from platform.model.entry import Item, Post, PostType
from platform.publish.select import PER_RELEASE, bought, evidence_key, select

MONDAY, TUESDAY = "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"


def item(deliverable_id, type_=PostType.SPEND, epoch=0, task_hash="a" * 64):
    return Item(f"{type_}:{task_hash}:{deliverable_id}:{epoch}", "say", "one", deliverable_id, type_,
                2 if type_ is PostType.REFUND else -2, task_hash, epoch)


def charge(*items, tenant="tenant"):
    return Post("charge:" + items[0].key, "charge", tenant, PostType.SPEND, -2 * len(items), "tea", items=items)


def refund(*items):
    return Post("refund:" + items[0].key, "refund", "tenant", PostType.REFUND, 2 * len(items), "tea", items=items)


def evidence(of, simulated=False):
    return Post(evidence_key(of.key, simulated=simulated), "publish", "tenant", PostType.SPEND, 0, "tea")


def awaiting(*posts, at=MONDAY, **asked):
    book = Book()
    for post in posts:
        book.add(post)
    purchases = bought((at, post) for post in posts).values()
    return [f"{purchase}#{purchase.refund_epoch}" for purchase in select(purchases, book, **asked)]


def test_what_was_bought_awaits_and_what_is_internal_never_does():
    assert awaiting(charge(item("said"), item("__run__"))) == ["tenant/tea/one/said#0"]
    assert awaiting(charge(item("__anything"))) == []


def test_evidence_ends_the_waiting():
    assert awaiting(charge(item("said"), item("more")), evidence(item("said"))) == ["tenant/tea/one/more#0"]


def test_a_simulation_keeps_back_the_next_simulation_and_never_the_publication():
    posts = charge(item("said")), evidence(item("said"), simulated=True)
    assert awaiting(*posts, simulated=True) == []
    assert awaiting(*posts, simulated=False) == ["tenant/tea/one/said#0"]
    assert awaiting(charge(item("said")), evidence(item("said")), simulated=True) == []


def test_what_was_refunded_is_not_owed_until_it_is_bought_again():
    first, back, again = item("said"), item("said", PostType.REFUND), item("said", epoch=1)
    assert awaiting(charge(first), refund(back)) == []
    assert awaiting(charge(first), refund(back), charge(again)) == ["tenant/tea/one/said#1"]
    assert awaiting(charge(first), evidence(first), refund(back), charge(again)) == ["tenant/tea/one/said#1"]


def test_a_refusal_buys_nothing():
    assert awaiting(replace(charge(item("said")), kind="refusal", items=())) == []


def test_since_counts_the_second_it_names():
    assert awaiting(charge(item("said")), at=TUESDAY, since=TUESDAY) == ["tenant/tea/one/said#0"]
    assert awaiting(charge(item("said")), at=MONDAY, since=TUESDAY) == []


def test_one_tenants_purchases_can_be_asked_for():
    posts = charge(item("said")), charge(item("said", task_hash="b" * 64), tenant="second")
    assert awaiting(*posts, tenant_id="second") == ["second/tea/one/said#0"]
    assert len(awaiting(*posts)) == 2
    assert awaiting(*posts, tenant_id="second", work_order_id="tea") == ["second/tea/one/said#0"]
    assert awaiting(*posts, work_order_id="coffee") == []


def release_of(number):
    posts = [charge(item("said", task_hash=f"{count:064}")) for count in range(number + 1)]
    *_, last = bought((MONDAY, post) for post in posts).values()
    return last.release("dev-")


def test_a_release_is_full_before_github_says_so():
    assert 2 * PER_RELEASE < 1000
    assert release_of(0) == release_of(PER_RELEASE - 1) == "dev-artifacts-tenant"
    assert release_of(PER_RELEASE) == "dev-artifacts-tenant-2"
    assert release_of(2 * PER_RELEASE) == "dev-artifacts-tenant-3"


def test_tenants_are_counted_apart_and_what_is_internal_is_not_counted():
    posts = charge(item("__run__"), item("said")), charge(item("said", task_hash="b" * 64), tenant="second"), charge(
        item("more"))
    assert [each.number for each in bought((MONDAY, post) for post in posts).values()] == [0, 0, 1]


def test_bought_again_it_keeps_its_release_for_its_name_is_the_same():
    first, other, again = item("said"), item("more"), item("said", epoch=1)
    posts = charge(first), charge(other), refund(item("said", PostType.REFUND)), charge(again)
    assert [(each.deliverable_id, each.number, each.refund_epoch)
            for each in bought((MONDAY, post) for post in posts).values()] == [("more", 1, 0), ("said", 0, 1)]
