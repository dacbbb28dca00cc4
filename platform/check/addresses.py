"""Mail addresses that the profile's mail server is not known to take: told before anything is
charged."""
from collections.abc import Iterator
from datetime import date

from platform.check.say import each_order, of_step
from platform.check.words import shown
from platform.model.addresses import read_address
from platform.model.order import Order
from platform.model.problem import Problem
from platform.model.repo import Repo

CODE = "address-needs-smtputf8"
_CURE = "write an ASCII address, or set delivery.email.smtputf8 where the server takes it"


def _needs_smtputf8(text: object) -> bool:
    """Whether `text` is an address with letters beyond ASCII before the @. One that is none is told
    elsewhere."""
    try:
        return isinstance(text, str) and read_address(text).needs_smtputf8
    except ValueError:
        return False


def _taken(repo: Repo) -> bool:
    return repo.profile.delivery.get("email", {}).get("smtputf8") is True


@each_order
def recipients(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Addresses in deliveries that need SMTPUTF8, where the profile does not say that the server
    has it."""
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        if contract is None or contract.kind != "delivery" or _taken(repo):
            continue
        for port in contract.inputs.values():
            address = step.inputs.get(port.id, port.default)
            if port.format == "email" and _needs_smtputf8(address):
                yield of_step(
                    order,
                    step,
                    CODE,
                    f"`{port.id}` {shown(address)} has letters beyond ASCII before the @",
                    _CURE,
                    "inputs",
                    port.id,
                )


def sender(repo: Repo, today: date) -> Iterator[Problem]:
    """The profile's own sender; a profile that is wrong stops everything."""
    address = repo.profile.delivery.get("email", {}).get("from")
    if _needs_smtputf8(address) and not _taken(repo):
        yield Problem(repo.profile.source.place("delivery", "email", "from"), CODE,
                      f"`from` {shown(address)} has letters beyond ASCII before the @", _CURE)
