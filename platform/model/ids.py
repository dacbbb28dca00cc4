"""The forms of ids, which are strings and never numbers, and the names of orders and steps."""
import re
from typing import NamedTuple

TENANT = r"[0-9A-Za-z]{6}"
WORK_ORDER = r"(?:[0-9A-Za-z]{8}|[0-9A-Za-z][0-9A-Za-z_-]{2,63})"
STEP = r"[0-9A-Za-z_-]{1,32}"
MODULE = r"(?:[a-z][a-z0-9_]{1,62}|[0-9A-Za-z]{3})"
PORT = r"[A-Za-z][A-Za-z0-9_]*"
DELIVERABLE = r"(?:__)?[A-Za-z][A-Za-z0-9_]*"

RUN_CHARGE = "__run__"  # the deliverable id of running a step
DELIVERY_EVIDENCE = "__delivery_evidence__"


def matches(form: str, text: object) -> bool:
    """Whether `text` is a string that matches the whole pattern `form`."""
    return isinstance(text, str) and re.fullmatch(form, text) is not None


def is_internal(deliverable_id: str) -> bool:
    """Internal deliverables are charged or recorded, never published."""
    return deliverable_id.startswith("__")


class OrderId(NamedTuple):
    """The name of a work order. It contains the tenant, so equal ids of two tenants differ."""

    tenant_id: str
    work_order_id: str

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.work_order_id}"


class StepId(NamedTuple):
    """One step of one order; `str()` is the part of the doit task name after `step:`."""

    tenant_id: str
    work_order_id: str
    step_id: str

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.work_order_id}/{self.step_id}"

    @property
    def order(self) -> OrderId:
        return OrderId(self.tenant_id, self.work_order_id)
