"""What a tenant can write into its folder, and what of it would be delivered unpaid: by a reading of our own.

`orders()` makes work orders as a tenant might edit them. `unpaid()` looks at the files of the repository alone (YAML,
CSV) and at what is charged: it knows no rule of the platform's but the price list, and models a step's outputs as
files. So it can be asked of any repository, and disagrees with the platform where the platform is wrong.
"""
import csv
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from hypothesis import strategies as st

MAKE = """\
module_id: make
name: Make
version: "1.0"
kind: transform
description: Makes things.
ports:
  inputs:
    port: [{id: topic, type: string, default: sails}, {id: given, type: array, default: []}]
    limited_port: [{id: with_extra, type: boolean, default: false}]
  outputs:
    port:
      - {id: text, type: file, path: text.txt}
      - {id: report, type: file, path: report.json}
      - {id: log, type: file, path: log.txt}
      - {id: free, type: file, path: free.txt}
      - {id: old, type: file, path: old.txt}
      - {id: pictures, type: dir, path: pictures}
      - {id: index, type: file, path: pictures/index.jsonl}
      - {id: open, type: dir, path: open}
      - {id: inner, type: file, path: open/deep/inner.txt}
deliverables:
  port:
    - {deliverable_id: all, outputs: [text, report]}
    - {deliverable_id: extra, outputs: [report, pictures], limited_inputs: {with_extra: true}}
    - {deliverable_id: listed, outputs: [index]}
    - {deliverable_id: gratis, outputs: [free, report]}
    - {deliverable_id: inside, outputs: [inner]}
    - {deliverable_id: ended, outputs: [old]}
testing: {self_test: {params: {}}}
"""
PACK = """\
module_id: pack
name: Pack
version: "1.0"
kind: packaging
description: Packs things.
ports:
  inputs: {port: [{id: files, type: array, default: []}, {id: note, type: string, default: none}]}
  outputs: {port: [{id: package_zip, type: file, path: package.zip}]}
deliverables: {port: [{deliverable_id: package, outputs: [package_zip]}]}
testing: {self_test: {params: {}}}
"""
SEND = PACK.replace("kind: packaging", "kind: delivery").replace("pack", "send")
TELL = PACK.replace("kind: packaging", "kind: other").replace("pack", "tell")
FILES = {"modules/make/module.yml": MAKE, "modules/pack/module.yml": PACK, "modules/send/module.yml": SEND,
         "modules/tell/module.yml": TELL, "modules/tell/src/run.py": "", "config/module_prices.csv": """\
module_id,deliverable_id,price_credits,effective_from,effective_to,active,notes
make,__run__,5,2026-01-01,,true,
make,all,2,2026-01-01,,true,
make,extra,3,2026-01-01,,true,
make,listed,1,2026-01-01,,true,
make,gratis,0,2026-01-01,,true,
make,inside,4,2026-01-01,,true,
make,ended,2,2026-01-01,2026-02-01,true,
pack,__run__,1,2026-01-01,,true,
pack,package,0,2026-01-01,,true,
send,__run__,1,2026-01-01,,true,
send,sendage,7,2026-01-01,,true,
tell,__run__,1,2026-01-01,,true,
tell,tellage,0,2026-01-01,,true,
"""}
_KINDS = {"make": "transform", "pack": "packaging", "send": "delivery", "tell": "other"}
_OUTPUTS = {"make": ("text", "report", "log", "free", "old", "pictures", "index", "open", "inner"),
            "pack": ("package_zip",), "send": ("sendage_zip",), "tell": ("tellage_zip",)}
_SOLD = {"make": ("all", "extra", "listed", "gratis", "inside"), "pack": ("package",), "send": ("sendage",),
         "tell": ("tellage",)}
_PATHS = ("text.txt", "report.json", "pictures", "pictures/1.png", "pictures/index.jsonl", "open",
          "open/deep/inner.txt", "open/x")
_WILD = ("open/deep", "package.zip", "../text.txt", "./text.txt", "pictures/", "pictures/../text.txt", "/text.txt")
_RARELY = st.integers(0, 19).map(lambda number: number == 0)


@st.composite
def _binding(draw: st.DrawFn, makers: dict[str, str]) -> dict[str, Any]:
    """Of an earlier step, mostly an output that it has, mostly whole."""
    step = draw(st.sampled_from(sorted(makers)))
    if draw(st.booleans()) or makers[step] != "make":
        what = {"output_id": draw(st.sampled_from(_OUTPUTS[makers[step]]))}
    else:
        what = {"from_file": draw(st.sampled_from(_WILD if draw(_RARELY) else _PATHS))}
    files = {"text", "report", "log", "free", "old", "index", "inner", "package_zip"}
    how = [{}, {}, {}, {"selector": "text"}, {"selector": "lines", "take": 1}, {"selector": "jsonl_first"}]
    return {"from_step": step, **what, **(draw(st.sampled_from(how)) if what.get("output_id") in files else {})}


@st.composite
def _step(draw: st.DrawFn, step_id: str, makers: dict[str, str]) -> dict[str, Any]:
    module = draw(st.sampled_from(["make", "make", "pack", "send", "send", "tell"])) if makers else "make"
    port = "given" if module == "make" else "files"
    step = {"step_id": step_id, "module_id": module, "kind": _KINDS[module],
            "deliverables": draw(st.lists(st.sampled_from(_SOLD[module]), max_size=3, unique=True))}
    if makers:
        one = _binding(makers)
        deep = st.recursive(one, lambda inside: st.one_of(
            st.lists(inside, max_size=2), st.dictionaries(st.sampled_from(["x", "path"]), inside, max_size=2)),
            max_leaves=2)
        step["inputs"] = {port: draw(st.lists(deep, max_size=2))}
    if draw(_RARELY):
        step |= draw(st.sampled_from([{"enabled": False}, {"kind": "transform"}, {"kind": "other"},
                                      {"deliverables": ["ended"]}, {"deliverables": ["__run__"]},
                                      {"deliverables": ["all", "all"]}]))
    return step


@st.composite
def orders(draw: st.DrawFn) -> str:
    """A work order's file, of a package that is made and delivered, or anything else."""
    makers: dict[str, str] = {}
    steps = []
    for step_id in "abcd"[:draw(st.integers(2, 4))]:
        step = draw(_step(step_id, makers))
        makers[step_id] = step["module_id"]
        steps.append(step)
    steps.append({"step_id": "z", "module_id": "send", "kind": "delivery", "inputs": {"files": []}})
    mode = draw(st.sampled_from(["STRICT", "PARTIAL_ALLOWED"]))
    return yaml.safe_dump({"work_order_id": "UbjkpxZO", "mode": mode, "steps": steps})


def unpaid(root: Path, order: Path, charged: Mapping[str, Mapping[str, int]], today: date) -> list[str]:
    """What an order would deliver, or do, that is not paid at the listed price. `charged`: credits by step and by what
    is bought of it (`__run__`)."""
    steps = {step["step_id"]: step for step in reversed(yaml.safe_load(order.read_text())["steps"])
             if step.get("enabled", True)}
    modules = {name: yaml.safe_load((root / "modules" / name / "module.yml").read_text())
               for name in {step["module_id"] for step in steps.values()}}
    listed = prices(root / "config" / "module_prices.csv", today)
    wrong = [f"{name}: {item} is charged {amount} and costs {listed.get((step['module_id'], item))}"
             for name, step in steps.items() for item, amount in charged.get(name, {}).items()
             if listed.get((step["module_id"], item)) != amount]
    wrong += [f"{name}: runs and its run is not charged" for name in steps if "__run__" not in charged.get(name, {})]
    for name, step in steps.items():
        if modules[step["module_id"]]["kind"] == "transform":
            continue
        for binding in bound(step.get("inputs", {})):
            maker = steps.get(binding.get("from_step", ""))
            if maker is None:
                continue
            contract, paid = modules[maker["module_id"]], charged.get(maker["step_id"], {})
            for file in taken(contract, binding):
                owners = sellers(contract, file)
                dear = [owner for owner in owners if listed.get((contract["module_id"], owner)) != 0]
                if dear and not set(owners) & set(paid):
                    wrong.append(f"{name} takes {file} of {maker['step_id']}, which {', '.join(dear)} sells")
    return wrong


def prices(file: Path, today: date) -> dict[tuple[str, str], int]:
    """Credits in force by module and item."""
    rows = [row for row in csv.DictReader(file.read_text().splitlines()) if row["active"] == "true"
            and row["effective_from"] <= today.isoformat() <= (row["effective_to"] or "9999")]
    return {(row["module_id"], row["deliverable_id"]): int(row["price_credits"])
            for row in sorted(rows, key=lambda row: row["effective_from"])}


def bound(value: Any) -> Iterator[dict[str, Any]]:
    """Every map that takes from a step, wherever it stands."""
    if isinstance(value, dict) and "from_step" in value:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from bound(item)


def taken(contract: dict[str, Any], binding: dict[str, Any]) -> Collection[str]:
    """The files that go along, when every directory has a file of its own beside the outputs in it."""
    ports = contract["ports"]["outputs"]["port"]
    files = {port["path"] for port in ports if port["type"] == "file"} | {
        f"{port['path']}/another" for port in ports if port["type"] == "dir"}
    path = PurePosixPath(binding.get("from_file") or next(
        (port["path"] for port in ports if port["id"] == binding.get("output_id")), "nothing"))
    if any(PurePosixPath(port["path"]) in path.parents for port in ports if port["type"] == "dir"):
        files.add(str(path))  # a file of a directory, which the module may make
    return {file for file in files if PurePosixPath(file) == path or path in PurePosixPath(file).parents}


def sellers(contract: dict[str, Any], file: str) -> list[str]:
    """The deliverables that list an output which is this file or a directory around it."""
    around = {port["id"] for port in contract["ports"]["outputs"]["port"]
              if port["path"] in (file, *map(str, PurePosixPath(file).parents))}
    return [item["deliverable_id"] for item in contract["deliverables"]["port"] if around & set(item["outputs"])]
