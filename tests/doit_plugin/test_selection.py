"""What a command line asks for, before anything is read."""
import pytest

from platform.doit_plugin.selection import (
    orders_asked_for,
    orders_bought,
    orders_to_publish,
    steps_asked_for,
    task_meant,
)
from platform.model.ids import OrderId

A, B, C = OrderId("nxlkGI", "UbjkpxZO"), OrderId("nxlkGI", "Second12"), OrderId("q7RtLm", "UbjkpxZO")


@pytest.mark.parametrize(("words", "asked"), [
    ([], None),
    (["check"], None),
    (["workorder"], None),
    (["runtime/nxlkGI/UbjkpxZO/a/run.json"], None),
    (["workorder:nxlkGI/UbjkpxZO"], {A}),
    (["step:nxlkGI/UbjkpxZO/derive"], {A}),
    (["step:nxlkGI/*"], {A, B}),
    (["step:*"], {A, B, C}),
    (["step:*/UbjkpxZO/derive"], {A, C}),
    (["charge:q7RtLm/UbjkpxZO", "workorder:nxlkGI/Second12"], {B, C}),
    (["workorder:nxlkGI/nothere1"], set()),
    (["step:nxlkGI/UbjkpxZO/a", "state"], None),
])
def test_the_orders_that_are_asked_for(words: list[str], asked: set[OrderId] | None) -> None:
    assert orders_asked_for(words, [A, B, C]) == asked


@pytest.mark.parametrize(("words", "asked"), [
    (["step"], ["step:nxlkGI/UbjkpxZO/a", "step:q7RtLm/UbjkpxZO/a"]),
    (["step:nxlkGI/*"], ["step:nxlkGI/UbjkpxZO/a"]),
    (["step:q7RtLm/UbjkpxZO/a"], ["step:q7RtLm/UbjkpxZO/a"]),
    (["workorder"], []),
])
def test_the_steps_that_end_in_a_settlement(words: list[str], asked: list[str]) -> None:
    assert steps_asked_for(words, ["step:nxlkGI/UbjkpxZO/a", "step:q7RtLm/UbjkpxZO/a"]) == asked


@pytest.mark.parametrize(("words", "published"), [
    (["publish"], ["nxlkGI/a", "nxlkGI/b", "q7RwTz/a"]), (["publish:nxlkGI/*"], ["nxlkGI/a", "nxlkGI/b"]),
    (["publish:q7RwTz/a", "step:nxlkGI/a/x"], ["q7RwTz/a"]), (["workorder"], []), ([], []),
])
def test_the_orders_whose_publication_is_asked_for(words: list[str], published: list[str]) -> None:
    known = [OrderId("nxlkGI", "a"), OrderId("nxlkGI", "b"), OrderId("q7RwTz", "a")]
    assert [str(order) for order in orders_to_publish(words, known)] == published


def test_a_publication_reads_and_buys_its_order_alone() -> None:
    for narrow in (orders_asked_for, orders_bought):
        assert narrow(["publish:nxlkGI/UbjkpxZO"], [A, B, C]) == {A}
        assert narrow(["publish"], [A, B, C]) is None


@pytest.mark.parametrize(("word", "task"), [
    ("nxlkGI", "workorder:nxlkGI/*"), ("nxlkGI/", "workorder:nxlkGI/*"), ("nxlkGI/*", "workorder:nxlkGI/*"),
    ("nxlkGI/UbjkpxZO", "workorder:nxlkGI/UbjkpxZO"), ("nxlkGI:UbjkpxZO", "workorder:nxlkGI/UbjkpxZO"),
    ("tenants/nxlkGI/workorders/UbjkpxZO.yml", "workorder:nxlkGI/UbjkpxZO"), ("*/UbjkpxZO", "workorder:*/UbjkpxZO"),
    ("nxlkGI/UbjkpxZO/text", "step:nxlkGI/UbjkpxZO/text"), ("nxlkGI/UbjkpxZO/*", "step:nxlkGI/UbjkpxZO/*"),
    ("step:nxlkGI/UbjkpxZO", "step:nxlkGI/UbjkpxZO/*"), ("step:nxlkGI/UbjkpxZO/", "step:nxlkGI/UbjkpxZO/*"),
    ("charge:nxlkGI", "charge:nxlkGI/*"), ("publish:nxlkGI/UbjkpxZO/", "publish:nxlkGI/UbjkpxZO"),
    ("workorder:nxlkGI/UbjkpxZO/a", "workorder:nxlkGI/UbjkpxZO/a"), ("step:nxlkGI/*", "step:nxlkGI/*"),
    ("*", "*"), ("step:*", "step:*"), ("check", "check"), ("step", "step"), ("charge", "charge"),
    ("charge/x", "workorder:charge/x"),
    ("maintenance:modules_index", "maintenance:modules_index"), ("nobody/x", "nobody/x"), ("rnu", "rnu"),
    ("runtime/nxlkGI/UbjkpxZO/order.json", "runtime/nxlkGI/UbjkpxZO/order.json"), ("a/b/c/d", "a/b/c/d"),
])
def test_what_a_word_means(word: str, task: str) -> None:
    assert task_meant(word, {"nxlkGI", "q7RtLm", "charge"}) == task
