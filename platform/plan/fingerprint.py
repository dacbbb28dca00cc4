"""The task hash: the digest of a step's manifest. The bill and the build both use it.

The manifest contains the tenant, the order, the step, the module and its contract's version, the
bought deliverables and the schedule period. It also contains the effective inputs, with each
binding as (upstream task hash, output, selector) and each asset as its sha256. It does not contain
metadata, display names, prices and module code. It is known before a run, so a quote is exact.
"""
from collections.abc import Mapping
from typing import Any

from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Binding, Selector, Step, Value, filled, pointers_in
from platform.model.plan import TaskSpec
from platform.model.repo import TenantAsset

FORMAT = 1  # another value changes every hash, so earlier payments would not be recognised


def effective_inputs(step: Step, contract: Contract) -> dict[str, Value]:
    """The inputs that the module receives, by port id. The tenant's values replace defaults, and
    values from bought deliverables replace both. Raises KeyError for an unknown deliverable."""
    defaults = {
        port.id: port.default for port in contract.inputs.values() if port.default is not None
    }
    limited = {port: value for bought in step.deliverables
               for port, value in contract.deliverables[bought].limited_inputs.items()}
    return {**defaults, **step.inputs, **limited}


def task_spec(
    order: OrderId,
    step: Step,
    contract: Contract,
    inputs: Mapping[str, Value],
    *,
    hashes: Mapping[str, str],
    assets: Mapping[tuple[str, str], TenantAsset],
    period: str,
) -> TaskSpec:
    """The JSON value of which `task_hash` is the digest.

    `hashes` are the task hashes of the upstream steps, by step id. `assets` are by (tenant id,
    path). `period` is the start of the schedule's period, or empty. Raises KeyError if a hash or
    asset is missing.

    `inputs` in the result contains the literals, with null instead of each binding. The bindings
    are separate, by the JSON pointer of their place, so no literal can imitate a binding.
    """
    bindings = {pointer: _bound(binding, hashes, assets, order.tenant_id)
                for pointer, binding in pointers_in(inputs).items()}
    return {
        "format": FORMAT,
        "tenant_id": order.tenant_id,
        "work_order_id": order.work_order_id,
        "step_id": step.step_id,
        "module_id": contract.module_id,
        "module_version": contract.version,
        "inputs": filled(inputs, dict.fromkeys(bindings)),
        "bindings": bindings,
        "deliverables": sorted(step.deliverables),
        "period": period,
    }


def _bound(
    binding: Binding,
    hashes: Mapping[str, str],
    assets: Mapping[tuple[str, str], TenantAsset],
    tenant_id: str,
) -> dict[str, Any]:
    if binding.asset:
        origin = {"asset_sha256": assets[tenant_id, binding.asset].sha256}
    elif binding.output_id:
        origin = {"task_hash": hashes[binding.from_step], "output_id": binding.output_id}
    else:
        origin = {"task_hash": hashes[binding.from_step], "from_file": binding.from_file}
    return {**origin, **how(binding)}


def how(binding: Binding) -> dict[str, Any]:
    """The part of a binding that says how to read the bound file; only fields that are set."""
    optional = {
        "take": binding.take,
        "json_path": binding.json_path or None,
        "as_path": binding.as_path or None,
        "selector": None if binding.selector is Selector.FILE else binding.selector.value,
    }
    return {name: value for name, value in optional.items() if value is not None}

