"""A draft of a work order with one module and all its inputs; required ones have a placeholder.

The generated draft is valid. Because it has enabled: false, values to fill in are warnings.
"""
import hashlib
from collections.abc import Iterator
from typing import Any

from platform import called
from platform.model.contract import Contract, InputPort
from platform.model.digest import base62, canonical_json
from platform.model.order import Kind
from platform.model.placeholder import FILL_IN, FILL_IN_FILE
from platform.scaffold.text import flow, with_remark

ORDER_ID_LENGTH = 8
_BY_TYPE: dict[str, Any] = {"boolean": False, "object": {}, "file": {"asset": FILL_IN_FILE},
                            "dir": {"asset": FILL_IN_FILE}}


def work_order_id_for(tenant_id: str, module_id: str, number: int) -> str:
    """Eight Base62 characters; `number` counts the tries until an id is free."""
    digest = hashlib.sha256(canonical_json([tenant_id, module_id, number])).digest()
    return base62(int.from_bytes(digest), ORDER_ID_LENGTH)


def workorder_text(tenant_id: str, work_order_id: str, contract: Contract, package: Contract | None,
                   delivery: Contract | None) -> str:
    """The text of tenants/<tenant_id>/workorders/<work_order_id>.yml, with one step.

    Comments below the step show how to pack and deliver its output, if there are modules for that.
    """
    name = f"{tenant_id}/{work_order_id}"
    lines = [
        "# yaml-language-server: $schema=../../../schemas/workorder.schema.json",
        "# A draft: while enabled is false nothing runs, nothing is charged, and problems are "
        "warnings.",
        "# 1. Replace what is marked FILL IN, and the values that you want otherwise.",
        f"# 2. {called.command('consistency-validate')}     what is still wrong, with line and "
        "column",
        "# 3. Set enabled: true.",
        f"# 4. doit run workorder:{name}",
        f"work_order_id: {flow(work_order_id)}",
        "enabled: false",
        "mode: PARTIAL_ALLOWED  # or STRICT: the first failed step stops the order",
        "artifacts_requested: false  # true: needs a step of kind packaging and one of kind "
        "delivery",
        "metadata:",
        f"  title: {FILL_IN} what this order is for",
        '# schedule_cron: "0 6 * * 1"  # minute, hour, day, month, weekday, UTC: due once a period',
        "# promotions: [CODE]  # of config/promotions.csv",
        "steps:",
        *_step(contract),
    ]
    if package and delivery and contract.kind in (Kind.TRANSFORM, Kind.OTHER):
        lines += _packed(contract, package, delivery)
    return "\n".join(lines) + "\n"


def step_id_of(contract: Contract) -> str:
    return contract.module_id[:32]


def _step(contract: Contract) -> Iterator[str]:
    yield f"  - step_id: {flow(step_id_of(contract))}"
    yield f"    step_name: {flow(contract.name)}"
    yield f"    module_id: {flow(contract.module_id)}"
    yield f"    kind: {contract.kind}"
    sold = list(contract.deliverables)
    more = f"what is bought; there are {', '.join(sold)}" if sold else "the module sells none"
    yield with_remark(f"    deliverables: {flow(sold[:1])}", more)
    ports = [port for port in contract.inputs.values() if not port.limited]
    required = [port for port in ports if port.required]
    yield "    inputs:" if required else "    inputs: {}  # or any of these, without the {}"
    for port in sorted(ports, key=lambda port: not port.required):
        mark = "" if port.required else "# "
        what = f"{'required: ' if port.required else ''}{port.description}"
        yield with_remark(f"      {mark}{port.id}: {flow(_value(port))}", what)


def _value(port: InputPort) -> Any:
    """The contract's example or default, or a placeholder."""
    if port.examples:
        return port.examples[0]
    if port.default is not None:
        return port.default
    if "enum" in port.schema:
        return port.schema["enum"][0]
    if port.type in ("integer", "number"):
        return port.schema.get("minimum", 1)
    if port.type == "array":
        items = port.schema.get("items", {})
        return [_BY_TYPE.get(items.get("type", ""), FILL_IN)]
    return _BY_TYPE.get(port.type, FILL_IN)


def _packed(contract: Contract, package: Contract, delivery: Contract) -> Iterator[str]:
    output = next((port for port in contract.outputs.values() if not port.limited), None)
    if output is None:
        return
    yield (
        "  # To have it packed and delivered, remove the # below and set artifacts_requested: true."
    )
    bound = (
        f"from_step: {step_id_of(contract)}, output_id: {output.id}, as_path: "
        f"{flow(output.path.rstrip('/'))}"
    )
    for line in [
        "- step_id: package",
        f"  module_id: {package.module_id}",
        "  kind: packaging",
        f"  deliverables: {flow(list(package.deliverables)[:1])}",
        "  inputs:",
        "    bound_outputs:",
        f"      - {{{bound}}}",
        "- step_id: deliver",
        f"  module_id: {delivery.module_id}",
        "  kind: delivery",
        f"  deliverables: {flow(list(delivery.deliverables)[:1])}",
        "  inputs:",
        "    package_zip: {from_step: package, output_id: package_zip}",
    ]:
        yield f"  # {line}"
