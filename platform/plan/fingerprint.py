"""The task hash: one manifest of what a step is, and its digest. The bill and the build both hang on it.

In it: tenant, order, step, module and its contract's version, the effective inputs with each binding as (upstream
task hash, output, selector) and each asset as its sha256, the bought deliverables, the schedule period. Not in it:
metadata, names shown to people, prices, module code. Known before anything runs, so a quote is exact.
"""
from collections.abc import Mapping
from typing import Any

from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Binding, Selector, Step, Value, filled, pointers_in
from platform.model.repo import TenantAsset

FORMAT = 1  # raise it and every hash changes: nobody's paid work would be recognised


def effective_inputs(step: Step, contract: Contract) -> dict[str, Value]:
    """What the module will get: the tenant's values over the defaults, and what bought deliverables set, over both."""
    defaults = {port.id: port.default for port in contract.inputs.values() if port.default is not None}
    limited = {port: value for bought in step.deliverables
               for port, value in contract.deliverables[bought].limited_inputs.items()}
    return {**defaults, **step.inputs, **limited}


def manifest(order: OrderId, step: Step, contract: Contract, inputs: Mapping[str, Value], *,
             hashes: Mapping[str, str], assets: Mapping[tuple[str, str], TenantAsset], period: str) -> dict[str, Any]:
    """What `task_hash` digests. `hashes` are the task hashes of the steps upstream, by step id.

    Literals stand in `inputs`, with null where a binding is; bindings stand apart, by the JSON pointer of that place:
    no literal that a tenant can write looks like a binding.
    """
    bindings = {pointer: _bound(binding, hashes, assets, order.tenant_id)
                for pointer, binding in pointers_in(inputs).items()}
    return {
        "format": FORMAT, "tenant_id": order.tenant_id, "work_order_id": order.work_order_id, "step_id": step.step_id,
        "module_id": contract.module_id, "module_version": contract.version,
        "inputs": filled(inputs, dict.fromkeys(bindings)), "bindings": bindings,
        "deliverables": sorted(step.deliverables), "period": period,
    }


def _bound(binding: Binding, hashes: Mapping[str, str], assets: Mapping[tuple[str, str], TenantAsset],
           tenant_id: str) -> dict[str, Any]:
    if binding.asset:
        origin = {"asset_sha256": assets[tenant_id, binding.asset].sha256}
    elif binding.output_id:
        origin = {"task_hash": hashes[binding.from_step], "output_id": binding.output_id}
    else:
        origin = {"task_hash": hashes[binding.from_step], "from_file": binding.from_file}
    return {**origin, **how(binding)}


def how(binding: Binding) -> dict[str, Any]:
    """The part of a binding that says what is made of the bound file; what is not set is left out."""
    optional = {"take": binding.take, "json_path": binding.json_path or None, "as_path": binding.as_path or None,
                "selector": None if binding.selector is Selector.FILE else binding.selector.value}
    return {name: value for name, value in optional.items() if value is not None}

