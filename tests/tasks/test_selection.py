"""What a command line asks for, before anything is read."""
import pytest

from platform.model.ids import OrderId
from platform.tasks.selection import orders_asked_for, steps_asked_for

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
