"""A module's attack: its code, and what else is looked at when it has ended."""
from dataclasses import dataclass, replace

from tests.attack.probe import Probe


@dataclass(frozen=True, slots=True)
class ModuleProbe:
    """`tree`: the module declares the dir output `tree` too. `needs`: what the machine must provide for the fence to be
    there. `survivor`: a process that it left behind is looked for."""

    name: str
    what: str
    code: str
    held: str
    plain: str = ""
    as_user: str = ""
    tree: bool = False
    needs: str = ""
    survivor: bool = False
    secrets: tuple[str, ...] = ()  # what its contract asks for

    @property
    def probe(self) -> Probe:
        every_way = bool(self.needs or self.survivor)
        return Probe("module", self.name, self.what, self.held, self.plain, self.as_user, every_way)

    @property
    def module_id(self) -> str:
        return "atk_" + self.name.replace("-", "_")

    @property
    def order_id(self) -> str:
        return self.name

    def expecting(self, held: str) -> "ModuleProbe":
        return replace(self, held=held, plain=held, as_user=held)
