"""The balance as a drawing: what is drawn is what was posted."""
import re

from msgspec.structs import replace

from platform.report.chart import HEIGHT, WIDTH, chart
from platform.report.statement import statement
from tests.report.test_statement import RECORDS, made


def heights(path: str) -> list[float]:
    """The levels that a path comes to, as credits on a scale of 100."""
    return [round(100 * (HEIGHT - float(level)) / HEIGHT, 1) for level in re.findall(r"(?:M0 |V)([\d.]+)", path)]


def places(path: str) -> list[float]:
    return [float(place) for place in re.findall(r"H([\d.]+)", path)]


def test_the_line_goes_from_balance_to_balance():
    drawn = chart(made())
    assert drawn and heights(drawn.line) == [0, 100, 87, 94, 94, 90]
    assert [tick.label for tick in drawn.ticks] == ["0", "50", "100"]
    assert drawn.words == "The balance over 5 posts: from 0 to 90 credits"


def test_over_days_the_axis_is_time():
    """Posts at 10:00 on the 20th, 21st and 22nd: the second stands as far from the first as from the third."""
    drawn = chart(made("", "2026-11-22"))
    first, second, third, end = places(drawn.line if drawn else "")
    assert (first, round(second - first, 1), round(third - second, 1), end) == (20.0, 480.0, 480.0, WIDTH)


def test_posts_of_one_second_stand_side_by_side():
    records = [replace(record, ts="2026-11-20T10:00:00Z") for record in RECORDS]
    drawn = chart(statement(records, "tenant"))
    assert drawn and "at equal distances" in drawn.words
    assert len(set(places(drawn.line))) == 6  # five posts and the end


def test_a_clock_that_was_set_back_draws_no_line_backwards():
    drawn = chart(statement((*RECORDS, replace(RECORDS[-1], seq=7, ts="2026-11-20T10:00:00Z")), "tenant"))
    at = places(drawn.line if drawn else "")
    assert at == sorted(at)


def test_one_post_and_none():
    assert chart(made("2026-12-01")) is None
    one = chart(made("", "2026-11-20"))
    assert one and (heights(one.line), one.words) == ([0, 100], "The balance over 1 post, at equal distances: "
                                                               "from 0 to 100 credits")


def test_the_largest_balance_that_can_be_is_drawn():
    huge = replace(RECORDS[0].post, amount_credits=10**15)
    drawn = chart(statement((replace(RECORDS[0], post=huge),), "tenant"))
    assert drawn and drawn.ticks[-1].label == str(10**15)
