"""Which of the profile's settings count for a delivery: its provider's block, and no other. Pure.

A contract names its provider in `requirements.provider`. Without that, a module `deliver_<provider>`
means the block of that name; any other module may read every block, so every block counts.

Earlier versions counted every block for every module, and run records and kept endings say so. They
are read as today's: the blocks that do not count are left out before anything is compared.
"""
from collections.abc import Mapping
from typing import Any

from platform.model.contract import Contract
from platform.model.digest import digest_of
from platform.model.run import RunRecord

FIELD = "delivery"  # of the manifest of what went in
_PREFIX = "deliver_"
Blocks = Mapping[str, Mapping[str, Any]]  # by provider, as in a profile's `delivery`


def counted(contract: Contract, blocks: Blocks) -> dict[str, dict[str, Any]]:
    """The blocks that a delivery module is given, and that its digest is made of."""
    name = contract.provider or contract.module_id.removeprefix(_PREFIX)
    names = [name] if contract.provider or name in blocks else list(blocks)
    return {name: dict(blocks[name]) for name in names if name in blocks}


def inputs_then(contract: Contract, record: RunRecord) -> tuple[Mapping[str, Any], str]:
    """The manifest of what went in at a record's run, and its digest, as today's version would have
    written them."""
    blocks = record.inputs.get(FIELD)
    if not isinstance(blocks, Mapping) or (now := counted(contract, blocks)) == blocks:
        return record.inputs, record.inputs_digest
    inputs = {**record.inputs, FIELD: now}
    return inputs, digest_of(inputs)


def as_before(inputs: Mapping[str, Any], blocks: Blocks) -> dict[str, Any]:
    """A manifest as earlier versions wrote it, with every block of the profile."""
    return {**inputs, FIELD: {name: dict(block) for name, block in blocks.items()}} if FIELD in inputs else dict(inputs)
