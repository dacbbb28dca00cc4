"""The bounded campaign: a part of each kind of fault, by a fixed seed. `scripts/fault_campaign` tries them all."""
import pytest

from tests.faults.campaign import KINDS, run
from tests.faults.crash import operations
from tests.faults.mutants import MUTANTS, ROOT, Mutant
from tests.faults.work import golden

NEEDS = {"kernel": "strace that may trace", "kernel-again": "strace that may trace",
         "shutdown": "root that may mount a file system of its own"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_promise_is_broken(kind: str) -> None:
    (result,) = run([kind], seed=1, fast=True)
    if kind in NEEDS and not result.tried:
        pytest.skip(f"needs {NEEDS[kind]}")
    assert result.failures == ()
    assert result.tried > 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_each_mutant_has_its_place_in_the_code(mutant: Mutant) -> None:
    assert mutant.found(ROOT).read_text().count(mutant.old) == 1


def test_the_same_seed_tries_the_same_points() -> None:
    names = [[point.name for point in KINDS["power"].points(7)] for _ in range(2)]
    assert names[0] == names[1]
    assert len(names[0]) == len(set(names[0])) > 10_000


def test_the_day_has_every_kind_of_post_and_every_operation_of_the_disk() -> None:
    assert [str(post["type"]) for post in golden()] == ["TOPUP", "SPEND", "REFUND", "SPEND", "TOPUP", "TOPUP", "SPEND"]
    assert {"lock", "open", "size", "read", "append", "write", "sync", "truncate", "replace",
            "sync_folder"} == set(operations())
