"""The tables in `config/`. Rows that conform to their schema become the model; others are problems.

A row's problem stops only what the row names: a wrong price stops its module, a wrong promotion the
orders that use it. A table that is missing or has a wrong header stops everything: without
config/tenants.csv, the orders of a suspended tenant would run.
"""
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from platform.check.conform import ValueFault
from platform.config.csv import MAX_ROW_PROBLEMS, Row, read_csv
from platform.config.schema import RowRules, problems_of, schema
from platform.config.valid import Valid
from platform.model.prices import Payment, PriceRow, Promotion, TopupMethod
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.model.reference import folded
from platform.model.tenant import TenantStatus, TenantTerms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TableForm(Generic[T]):
    """How to read one table: its schema's name, its rows, its key, and what a problem stops."""

    name: str
    make: Callable[[dict[str, Any]], T]
    key: str = ""  # the column with unique values; empty if a check decides
    subject: tuple[str, str] = ("", "")  # the kind of subject and the column that names it
    secret: bool = False  # whether messages must not show the key

    @property
    def file(self) -> str:
        return f"config/{self.name}.csv"


def _dated(make: Callable[..., T]) -> Callable[[dict[str, Any]], T]:
    def made(values: dict[str, Any]) -> T:
        until = values.get("effective_to")
        return make(**{**values, "effective_from": date.fromisoformat(values["effective_from"]),
                       "effective_to": date.fromisoformat(until) if until else None})
    return made


PRICE_TABLE = TableForm("module_prices", _dated(PriceRow), subject=("module", "module_id"))
PROMOTIONS = TableForm(
    "promotions", _dated(Promotion), "promo_code", ("promotion", "promo_code"), secret=True
)
METHOD_TABLE = TableForm("topup_methods", lambda values: TopupMethod(**values), "topup_method_id",
                ("topup_method", "topup_method_id"))
TENANTS = TableForm(
    "tenants",
    lambda values: TenantTerms(**{**values, "status": TenantStatus(values["status"])}),
    "tenant_id",
    ("tenant", "tenant_id"),
)
PAYMENTS = TableForm(
    "payments", lambda values: Payment(**values), "payment_id", ("payment", "payment_id")
)


def read_table(table: TableForm[T], data: bytes, valid: Valid | None = None
               ) -> tuple[list[T], list[Problem]]:
    """The valid rows of a table's file, and the problems of the others. The rows of a table that
    `valid` contains are not validated again; a table without problems is added to it."""
    rows, problems = read_csv(data, table.file, schema(table.name))
    made = []
    is_known = valid is not None and valid.holds(table.name, data)
    rules = None if is_known else RowRules(table.name)
    first: dict[str, tuple[str, SourceFile]] = {}  # keys that differ only in case are duplicates
    for row in rows:
        wrong_type = {fault.path for fault in row.faults}  # these fields are not missing
        faults = rules.faults(row.values) if rules else []
        invalid = [fault for fault in faults if fault.path not in wrong_type]
        found = [*row.faults, *invalid, *_reversed(row)]
        name = str(row.values.get(table.key, ""))
        earlier, source = first.setdefault(folded(name), (name, row.source))
        if name and source is not row.source:
            how = "is a duplicate of the one" if name == earlier else \
                "differs only in case from the one" if table.secret \
                else f"differs only in case from `{earlier}`"
            row_name = "the code" if table.secret else f"`{name}`"
            found.append(ValueFault((table.key,), "duplicate-row",
                                    f"{row_name} {how} at {source.place(table.key)}",
                                    "keep one of the rows"))
        if found:
            problems += problems_of(found, row.source, _subject(table, row))
            if len(problems) >= MAX_ROW_PROBLEMS:  # stops everything, as later rows were not read
                problems.append(Problem(SourcePosition(table.file), "too-many-problems",
                                        f"there are {MAX_ROW_PROBLEMS} problems or more",
                                        "correct those first"))
                break
        else:
            place: SourcePosition = row.source.place()
            made.append(table.make({**row.values, "place": place}))
    if valid is not None and not problems and not is_known:
        valid.add(table.name, data)
    return made, problems


def _reversed(row: Row) -> Iterable[ValueFault]:
    start, end = row.values.get("effective_from"), row.values.get("effective_to")
    if isinstance(start, str) and isinstance(end, str) and len(start) == len(end) and end < start:
        return [ValueFault(("effective_to",), "dates-reversed", f"{end} is before {start}",
                      "write a date that is not before effective_from")]
    return []


def _subject(table: TableForm[T], row: Row) -> tuple[str, ...]:
    kind, column = table.subject
    name = row.values.get(column)
    return (kind, name) if isinstance(name, str) else ()
