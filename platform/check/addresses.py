"""Mail addresses that the mail server may not accept, reported before anything is charged."""
from collections.abc import Iterator
from datetime import date

from platform.check.problems import each_order, of_step
from platform.check.words import shown
from platform.model.addresses import read_address
from platform.model.order import Order
from platform.model.problem import Problem
from platform.model.repo import Repo

CODE = "address-needs-smtputf8"
_CURE = "write an ASCII address, or set delivery.email.smtputf8 if the server accepts it"


def _needs_smtputf8(text: object) -> bool:
    """Whether `text` is an address with non-ASCII letters before the @. Other checks report a text
    that is not an address."""
    try:
        return isinstance(text, str) and read_address(text).needs_smtputf8
    except ValueError:
        return False


def _supports_smtputf8(repo: Repo) -> bool:
    return repo.profile.delivery.get("email", {}).get("smtputf8") is True


@each_order
def recipients(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Addresses in deliveries that need SMTPUTF8, if the profile does not say that the server
    supports it."""
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        if contract is None or contract.kind != "delivery" or _supports_smtputf8(repo):
            continue
        for port in contract.inputs.values():
            address = step.inputs.get(port.id, port.default)
            if port.format == "email" and _needs_smtputf8(address):
                yield of_step(
                    order,
                    step,
                    CODE,
                    f"`{port.id}` {shown(address)} has non-ASCII letters before the @",
                    _CURE,
                    "inputs",
                    port.id,
                )


def sender(repo: Repo, today: date) -> Iterator[Problem]:
    """The sender in the profile. An error in the profile stops everything."""
    address = repo.profile.delivery.get("email", {}).get("from")
    if _needs_smtputf8(address) and not _supports_smtputf8(repo):
        yield Problem(repo.profile.source.place("delivery", "email", "from"), CODE,
                      f"`from` {shown(address)} has non-ASCII letters before the @", _CURE)
