"""The profile's settings that count for a delivery: only its provider's block. Pure.

A contract names its provider in `requirements.provider`. Without it, a module `deliver_<provider>`
uses the block of that name. Any other module can read all blocks, so all blocks count.

Earlier versions counted all blocks for every module, so their run records and endings contain them.
These are compared without the blocks that do not count.
"""
from collections.abc import Mapping
from typing import Any

from platform.model.contract import Contract
from platform.model.digest import digest_of
from platform.model.run import RunRecord

FIELD = "delivery"  # a field of the manifest of inputs
_PREFIX = "deliver_"
Blocks = Mapping[str, Mapping[str, Any]]  # by provider, as in a profile's `delivery`


def counted(contract: Contract, blocks: Blocks) -> dict[str, dict[str, Any]]:
    """The blocks that a delivery module gets, and from which its digest is derived."""
    name = contract.provider or contract.module_id.removeprefix(_PREFIX)
    names = [name] if contract.provider or name in blocks else list(blocks)
    return {name: dict(blocks[name]) for name in names if name in blocks}


def inputs_then(contract: Contract, record: RunRecord) -> tuple[Mapping[str, Any], str]:
    """The manifest of a record's inputs, and its digest, in the form of the current version."""
    blocks = record.inputs.get(FIELD)
    if not isinstance(blocks, Mapping) or (now := counted(contract, blocks)) == blocks:
        return record.inputs, record.inputs_digest
    inputs = {**record.inputs, FIELD: now}
    return inputs, digest_of(inputs)


def as_before(inputs: Mapping[str, Any], blocks: Blocks) -> dict[str, Any]:
    """A manifest in the form of earlier versions, with all blocks of the profile."""
    return (
        {**inputs, FIELD: {name: dict(block) for name, block in blocks.items()}}
        if FIELD in inputs
        else dict(inputs)
    )
