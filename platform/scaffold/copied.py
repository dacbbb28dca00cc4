"""A new module from an existing one: its files, with the new id where the id must be. Pure.

The id is replaced in the contract, and in texts where it can only mean the module: behind
`module_id:` and `--module-id`, in `modules/<id>`, in backticks, and as a heading. Other words of a
text are the author's: a module may have a common word as its id.
"""
import re
from collections.abc import Mapping
from datetime import date

from platform.model.contract import Contract
from platform.model.ids import RUN_CHARGE
from platform.model.order import Kind
from platform.model.prices import PriceList
from platform.scaffold.yaml_edit import Add, Change, Remove, Replace, edited, fields_of

CONTRACT = "module.yml"
_PREFIX = "deliver_"  # a delivery module of this name uses the settings of that provider
_TEXTS = (".md", ".py", ".yml", ".yaml", ".toml", ".txt", ".json")
_DATA = ("fixtures/", "testing/fixtures/")


def copied_files(source: Contract, files: Mapping[str, bytes], module_id: str,
                 name: str) -> dict[str, bytes]:
    """The files of the new module, by their paths below its directory. `files` are the source's.

    Raises:
        CannotEdit: the layout of the source's contract is not understood.
    """
    copied = {path: _renamed(path, data, source.module_id, module_id)
              for path, data in files.items() if path != CONTRACT}
    text = files[CONTRACT].decode().removeprefix("\ufeff")
    contract = edited(text, _changes(source, text, module_id, name))
    return {CONTRACT: _in_text(contract, source.module_id, module_id).encode(), **copied}


def _changes(source: Contract, text: str, module_id: str, name: str) -> list[Change]:
    changes: list[Change] = [Replace(("module_id",), "module_id", module_id),
                             Replace(("name",), "name", name)]
    fields = fields_of(text)
    if "replaces" in fields:
        changes.append(Remove(("replaces",)))
    if source.kind is Kind.DELIVERY and not source.provider and \
            source.module_id.startswith(_PREFIX):
        provider = source.module_id.removeprefix(_PREFIX)
        if "requirements" in fields:
            changes.append(Add(("requirements",), "provider", provider))
        else:
            changes.append(Add((), "requirements", {"provider": provider}))
    return changes


def _renamed(path: str, data: bytes, old: str, new: str) -> bytes:
    if not path.endswith(_TEXTS) or path.startswith(_DATA):
        return data
    try:
        return _in_text(data.decode(), old, new).encode()
    except UnicodeDecodeError:
        return data


def _in_text(text: str, old: str, new: str) -> str:
    word = re.escape(old)
    return re.sub(
        rf"(?m)((?:\bmodule_id: *|--module-id[ =]|\bmodules/|\bverify-module |\brun-module )[\"']?"
        rf"|`|^#+ +){word}(?![\w-])", rf"\g<1>{new}", text)


def copied_rows(prices: PriceList, source: Contract, module_id: str, today: date) -> str:
    """Rows for config/module_prices.csv: the prices of the source that are in force, from today
    on. Empty if the source has none."""
    found = (prices.in_force(source.module_id, item, today)
             for item in (RUN_CHARGE, *source.deliverables))
    return "".join(f"{module_id},{row.deliverable_id},{row.price_credits},{today.isoformat()},"
                   ",true,\n" for row in found if row)
