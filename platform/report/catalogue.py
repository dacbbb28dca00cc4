"""The catalogue: each module with what it does, its ports, and its prices on a day. Pure.

Tenants see what an order can use: modules without errors and with a price, and no limited ports,
secrets or directories.
"""
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from platform.model.characters import one_line
from platform.model.contract import Contract, InputPort
from platform.model.digest import canonical_json
from platform.model.ids import RUN_CHARGE
from platform.model.prices import PriceList
from platform.model.words import in_credits, shortened

_LONGEST_VALUE = 60  # characters of a default or an example


@dataclass(frozen=True, slots=True)
class ListedInput:
    id: str
    type: str
    required: bool
    default: Any
    description: str
    limited: bool  # only the platform sets it, when a deliverable is bought
    examples: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ListedOutput:
    id: str
    type: str
    path: str
    description: str
    limited: bool  # only the platform uses it


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """The price of one item on the day; `credits` None: it has none. `place` is its row."""

    item: str  # __run__, or a deliverable
    credits: int | None
    description: str
    outputs: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class ListedModule:
    module_id: str
    name: str
    kind: str
    version: str
    description: str
    found_in: str  # this workspace, an installed package, or the tool
    directory: str
    problems: int  # errors that stop its orders
    inputs: tuple[ListedInput, ...] = ()
    outputs: tuple[ListedOutput, ...] = ()
    prices: tuple[ListedPrice, ...] = ()
    secrets: tuple[str, ...] = ()
    network: bool = False

    @property
    def run_credits(self) -> int | None:
        return next((price.credits for price in self.prices if price.item == RUN_CHARGE), None)

    @property
    def orderable(self) -> bool:
        return not self.problems and self.run_credits is not None


@dataclass(frozen=True, slots=True)
class FoundModule:
    """Where a module is, and its contract; None if it cannot be read."""

    module_id: str
    found_in: str
    directory: str
    contract: Contract | None
    problems: int


def listed(found: FoundModule, prices: PriceList, day: date) -> ListedModule:
    """A module as the catalogue lists it."""
    contract = found.contract
    if contract is None:
        return ListedModule(found.module_id, "", "", "", "", found.found_in, found.directory,
                            max(1, found.problems))
    return ListedModule(
        contract.module_id, contract.name, contract.kind.value, contract.version,
        contract.description, found.found_in, found.directory, found.problems,
        tuple(ListedInput(port.id, port.type, port.required and port.default is None, port.default,
                          port.description, port.limited, _examples(port))
              for port in contract.inputs.values()),
        tuple(ListedOutput(port.id, port.type, port.path, port.description, port.limited)
              for port in contract.outputs.values()),
        tuple(_prices(contract, prices, day)),
        tuple(secret.name for secret in contract.secrets),
        contract.network)


def _examples(port: InputPort) -> tuple[Any, ...]:
    return port.examples or tuple(port.schema.get("examples", ()))


def _prices(contract: Contract, prices: PriceList, day: date) -> Iterator[ListedPrice]:
    items = [(RUN_CHARGE, "running the module", ()),
             *((item.deliverable_id, item.description, item.outputs)
               for item in contract.deliverables.values())]
    for item, description, outputs in items:
        row = prices.in_force(contract.module_id, item, day)
        yield ListedPrice(item, row.price_credits if row else None, description, tuple(outputs),
                          f"{row.place.file}:{row.place.line}" if row else "")


def as_tenants_see(modules: Sequence[ListedModule]) -> tuple[ListedModule, ...]:
    """The modules that an order can use, without what is not a tenant's."""
    return tuple(
        ListedModule(
            module.module_id, module.name, module.kind, module.version, module.description, "", "",
            0, tuple(port for port in module.inputs if not port.limited),
            tuple(port for port in module.outputs if not port.limited),
            tuple(ListedPrice(price.item, price.credits, price.description, price.outputs, "")
                  for price in module.prices if price.credits is not None))
        for module in modules if module.orderable)


def as_json(modules: Sequence[ListedModule], day: date) -> dict[str, Any]:
    return {"day": day.isoformat(), "modules": [
        {**asdict(module), "run_credits": module.run_credits, "orderable": module.orderable}
        for module in modules]}


def as_table(modules: Sequence[ListedModule]) -> str:
    """One line for each module."""
    rows = [(module.module_id, module.kind or "-", module.version or "-", _short_price(module),
             module.found_in, one_line(module.description) if not module.problems else
             "has errors; see `consistency-validate`") for module in modules]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    return "\n".join("  ".join(
        [*(f"{text:<{width}}" for text, width in zip(row, widths, strict=False) if width),
         shortened(row[5], 100)]).rstrip() for row in rows)


def _short_price(module: ListedModule) -> str:
    """`5 credits + 2`, `5 credits + 0 to 2`, or `no price`."""
    if module.run_credits is None:
        return "no price"
    more = [price.credits for price in module.prices
            if price.item != RUN_CHARGE and price.credits is not None]
    run = in_credits(module.run_credits)
    if not more or not max(more):
        return run
    low, high = min(more), max(more)
    return f"{run} + {high}" if low == high else f"{run} + {low} to {high}"


def as_page(module: ListedModule, day: date) -> str:
    """All about one module."""
    return "\n".join(_page(module, day))


def _page(module: ListedModule, day: date) -> Iterator[str]:
    where = f"  {module.directory} ({module.found_in})" if module.directory else ""
    yield f"{module.module_id}  version {module.version}  {module.kind}{where}"
    yield f"{one_line(module.name)}: {one_line(module.description)}"
    yield "\ninputs" if module.inputs else "\nno inputs"
    yield from _columns([(port.id, port.type, _rule(port), _about(port)) for port in module.inputs])
    yield "\noutputs" if module.outputs else "\nno outputs"
    yield from _columns([(port.id, port.path, "platform only" if port.limited else "",
                          one_line(port.description)) for port in module.outputs])
    yield f"\nprices on {day.isoformat()} (UTC)"
    yield from _columns([(price.item, "no price" if price.credits is None
                          else in_credits(price.credits), price.place, _bought(price))
                         for price in module.prices])
    if module.secrets or module.network:
        yield ""
    if module.secrets:
        yield f"secrets: {', '.join(module.secrets)}"
    if module.network:
        yield "uses the network"


def _rule(port: ListedInput) -> str:
    if port.limited:
        return "platform only"
    if port.required:
        return "required"
    return "" if port.default is None else f"default {_value(port.default)}"


def _about(port: ListedInput) -> str:
    example = f"  Example: {_value(port.examples[0])}" if port.examples else ""
    return one_line(port.description) + example


def _bought(price: ListedPrice) -> str:
    outputs = f" ({', '.join(price.outputs)})" if price.outputs else ""
    return one_line(price.description) + outputs


def _value(value: Any) -> str:
    return shortened(one_line(canonical_json(value).decode()), _LONGEST_VALUE)


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        texts = [f"{text:<{width}}" for text, width in zip(row, widths, strict=True) if width]
        yield f"  {'  '.join(texts)}".rstrip()

