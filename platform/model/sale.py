"""The price of a step on a day, and the outputs that may leave the platform for that price. Pure.

Price and access come from the same value, so nothing can leave without its charge.

Rules. An output belongs to every deliverable that lists it or a directory that contains it: its
path decides. Binding a directory binds every output in it. An output that belongs to deliverables
may leave if one of them is bought, at any price, or if all of them are free. A deliverable without
a price in force is not for sale, so it is not free. An output that belongs to no deliverable may
leave.
"""
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from platform.model.contract import Contract, Deliverable
from platform.model.ids import RUN_CHARGE
from platform.model.order import Binding, Kind
from platform.model.paths import folded
from platform.model.plan import Charge
from platform.model.prices import PriceList, PriceRow


def leaves(kind: Kind) -> bool:
    """Whether the inputs of a step of this kind leave the platform. Inputs of a transform do not,
    because the tenant pays to run the transform."""
    return kind is not Kind.TRANSFORM


@dataclass(frozen=True, slots=True)
class Unbought:
    """An output that may not leave. `sellers` are the deliverables that would cover it, cheapest
    first; empty if none of them is for sale."""

    output_id: str
    sellers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """One step's contract, the deliverables that it buys, and the prices on `day` (UTC).

    Amounts are in credits."""

    contract: Contract
    bought: tuple[str, ...]
    prices: PriceList
    day: date

    def charges(self) -> tuple[Charge, ...]:
        """The price of each item: `__run__`, then each deliverable. Raises LookupError if a price
        is missing; `check` reports that earlier."""
        return tuple(self._charge(item) for item in (RUN_CHARGE, *self.bought))

    def promised(self) -> frozenset[str]:
        """The ids of the outputs that the step must produce because they are bought."""
        return frozenset(
            output for name in self.bought for output in self.contract.deliverables[name].outputs
        )

    def unbought(self, binding: Binding) -> tuple[Unbought, ...]:
        """The outputs of this step that a binding takes and that may not leave; empty if the
        binding names no output."""
        port = self.contract.outputs.get(binding.output_id)
        path = _parts(port.path if port else binding.from_file)
        taken = [
            path,
            *(
                below
                for other in self.contract.outputs.values()
                if len(below := _parts(other.path)) > len(path) and below[: len(path)] == path
            ),
        ]
        wrong = {names[-1]: owners for part in taken if path and (names := self._around(part))
                 and not self._may_leave(owners := self._owners(names))}
        return tuple(Unbought(name, self._sellers(owners)) for name, owners in wrong.items())

    def _around(self, path: tuple[str, ...]) -> list[str]:
        """The outputs at this path and those that contain it, outermost first."""
        found = [(len(own), port.id) for port in self.contract.outputs.values()
                 if path[:len(own := _parts(port.path))] == own]
        return [name for _, name in sorted(found)]

    def _owners(self, outputs: Collection[str]) -> list[Deliverable]:
        return [
            item
            for item in self.contract.deliverables.values()
            if not set(outputs).isdisjoint(item.outputs)
        ]

    def _may_leave(self, owners: Collection[Deliverable]) -> bool:
        return any(item.deliverable_id in self.bought for item in owners) or all(
            (row := self._row(item.deliverable_id)) is not None and row.price_credits == 0
            for item in owners
        )

    def _sellers(self, owners: Collection[Deliverable]) -> tuple[str, ...]:
        priced = [(row.price_credits, item.deliverable_id) for item in owners
                  if (row := self._row(item.deliverable_id))]
        return tuple(name for _, name in sorted(priced, key=lambda seller: seller[0]))

    def _row(self, deliverable_id: str) -> PriceRow | None:
        return self.prices.in_force(self.contract.module_id, deliverable_id, self.day)

    def _charge(self, deliverable_id: str) -> Charge:
        row = self._row(deliverable_id)
        if row is None:
            raise LookupError(
                f"no price in force for {self.contract.module_id} {deliverable_id} on {self.day}"
            )
        return Charge(deliverable_id, row.price_credits, row.effective_from.isoformat())


def _parts(path: str) -> tuple[str, ...]:
    """The folded parts of a path: equal if some system treats two names as one."""
    return tuple(folded(path.strip("/")).split("/")) if path.strip("/") else ()
