"""A delivery's receipt: the output that becomes evidence in the ledger."""
import json
from collections.abc import Mapping
from typing import Any

from platform.confined import read_file
from platform.model import jsontext
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.redact import Redactor
from platform.run.fault import Fault
from platform.run.outputs import NOT_WRITTEN
from platform.run.step_directory import StepDirectory

RECEIPT = "delivery_receipt_json"  # the output's id
_RECEIPT_BYTES, _RECEIPT_LEVELS = 64 << 10, 16  # it becomes part of a journal's line


def receipt_of(step: PlannedStep, place: StepDirectory, redactor: Redactor) -> Mapping[str, Any]:
    """A delivery's receipt without secrets; empty for another step, and if there is no receipt.

    Fault: the receipt cannot be kept as evidence.
    """
    port = step.contract.outputs.get(RECEIPT)
    if step.kind is not Kind.DELIVERY or port is None:
        return {}
    try:
        data = read_file(place.outputs / port.path, _RECEIPT_BYTES)
        receipt = jsontext.read_json(data)
        jsontext.require_writable(receipt, _RECEIPT_LEVELS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Fault(NOT_WRITTEN, f"its receipt cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Fault("malformed_result", f"its receipt cannot be read: it {error}") from error
    if not isinstance(receipt, dict):
        raise Fault("malformed_result", "its receipt is not an object")
    return _redacted(receipt, redactor)


def _redacted(receipt: Mapping[str, Any], redactor: Redactor) -> Mapping[str, Any]:
    """A receipt without secrets."""
    clean: Mapping[str, Any] = redactor.value(receipt)
    written = json.dumps(clean, ensure_ascii=False)
    # Several fields together contain it, and none of them alone.
    if redactor.text(written) != written:
        return {"note": "the receipt contained a secret and is left out"}
    return clean
