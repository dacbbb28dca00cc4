"""An amount has a ceiling, and one for all: prices, promotions, payments and top-ups. So has a limit of a step."""
from pathlib import Path

import pytest

from platform.config.schema import schema
from platform.ledger.rules.credit import MAX_CREDITS
from tests.support import command, repository

FILES = {
    "config/module_prices.csv": ("say,said,{},2030-01-01,,true,\n", "price_credits"),
    "config/promotions.csv": ("BIG,{},1,2026-01-01,,true,\n", "credits"),
    "config/payments.csv": ("pay-9,tenant,bank-wire,{},wire-9,CONFIRMED,2026-01-15,\n", "amount_credits"),
}


def test_top_ups_and_tables_have_the_same_ceiling() -> None:
    ceilings = [schema(Path(file).stem)["properties"][column]["maximum"] for file, (_, column) in FILES.items()]
    assert ceilings == [MAX_CREDITS] * 3


@pytest.mark.parametrize("amount", [MAX_CREDITS + 1, 2**63, 10**30])
def test_an_amount_above_it_is_refused_with_its_line_and_column_and_nothing_is_posted(
        tmp_path: Path, amount: int) -> None:
    repo = repository(tmp_path / "repo")
    wanted = []
    for name, (row, column) in FILES.items():
        lines = (repo / name).read_text() + row.format(amount)
        (repo / name).write_text(lines)
        wanted.append(f"{name}:{lines.count(chr(10))}:{row.index('{') + 1}: error[out-of-range]: "
                      f"`{column}` is {amount}; write at most {MAX_CREDITS}")
    done = command(repo, "python -m platform.cli consistency-validate")
    assert done.returncode == 10
    assert [line for line in done.stdout.splitlines() if "error[" in line] == sorted(wanted)
    topup = command(repo, f"python -m platform.cli admin-topup --tenant-id tenant --amount-credits {amount} "
                          "--topup-method-id bank-wire --reference more")
    assert topup.returncode != 0 and "Traceback" not in topup.stderr
    assert not (repo / ".billing-state" / "journal.csv").exists()


def test_the_ceiling_itself_is_an_amount(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    for name, (row, _) in FILES.items():
        (repo / name).write_text((repo / name).read_text() + row.format(MAX_CREDITS))
    done = command(repo, "python -m platform.cli consistency-validate")
    assert (done.returncode, "error[" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("limit", ["timeout_s", "memory_mb", "processes", "file_mb", "output_mb"])
def test_a_limit_that_no_system_can_set_is_refused_where_it_stands(tmp_path: Path, limit: str) -> None:
    repo = repository(tmp_path / "repo")
    (repo / "config" / "huge.yml").write_text(f"profile_id: huge\nlimits: {{{limit}: {2**62}}}\n")
    done = command(repo, "python -m platform.cli consistency-validate --runtime-profile config/huge.yml")
    column = len(f"limits: {{{limit}: ") + 1
    told = [line.partition("; ")[0] for line in done.stdout.splitlines() if "error[" in line]
    assert (done.returncode, told) == (
        10, [f"config/huge.yml:2:{column}: error[out-of-range]: `{limit}` is {2**62}"])
