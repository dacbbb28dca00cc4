"""What a command line asks for, before anything is read."""
import pytest

from platform.doit_plugin.selection import orders_asked_for, orders_bought, orders_to_publish, steps_asked_for
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
