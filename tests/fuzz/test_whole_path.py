"""Whatever stands in a file, the repository is read, checked and planned: problems in one line each, nothing raised.

A short look on every run; `scripts/fuzz` looks longer."""
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from platform.check import check
from platform.config.load import load_profile, load_repo
from platform.files import Digests
from platform.plan.expand import expand
from tests.fuzz.made import FILE_AND_DATA
from tests.fuzz.whole import FILES, KINDS, NOW, Whole


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    made = Whole()
    yield made
    made.close()


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=FILE_AND_DATA)
def test_any_file_is_values_or_problems_all_the_way_to_the_plan(whole: Whole, case: tuple[str, bytes]) -> None:
    whole.try_file(*case)


def test_the_repository_that_is_changed_is_itself_without_an_error_and_planned(whole: Whole) -> None:
    profile, wrong = load_profile(whole.root, whole.root / "config/runtime_profile.yml")
    repo = load_repo(whole.root, profile, Digests())
    assert [str(problem) for problem in (*wrong, *check(repo, NOW.date()))] == []
    assert [len(order.steps) for order in expand(repo, (), NOW).orders.values()] == [4]


@pytest.mark.parametrize("file", KINDS)
def test_the_right_files_are_right_and_an_empty_one_is_told(whole: Whole, file: str) -> None:
    whole.try_file(file, FILES[file].encode())
    whole.try_file(file, b"")
    whole.try_file(file, b"\xff\xfe\x00")
    whole.try_file(file, b"\0" * 10)
