"""What a step takes from elsewhere: an output that is there to be taken, in a way that its port can use."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from platform.check.say import each_order, of_step
from platform.check.words import meant, nearest, shown
from platform.model import jsonpath
from platform.model.contract import Contract, InputPort, OutputPort
from platform.model.order import Binding, Order, Selector, Step, bindings_in
from platform.model.paths import path_fault
from platform.model.problem import Path, Problem
from platform.model.repo import Repo
from platform.model.sale import leaves

# What a selector makes of a file; json and jsonl_first make anything.
_MAKES = {Selector.TEXT: "string", Selector.LINES: "array", Selector.JSONL: "array"}
_SELECTORS = {"string": "text", "array": "lines, jsonl or json", "object": "json", "integer": "json",
              "number": "json", "boolean": "json"}


@dataclass(frozen=True, slots=True)
class _Use:
    """One binding where it stands: `path` is the way to it inside its step, beginning with `inputs` and the port."""

    repo: Repo
    order: Order
    step: Step
    binding: Binding
    path: Path
    port: InputPort | None  # None below a list or map, and where the module or its port is not known

    def problem(self, code: str, what: str, cure: str, field: str = "", *, warning: bool = False) -> Problem:
        path = (*self.path, field) if field else self.path
        return of_step(self.order, self.step, code, what, cure, *path, warning=warning)


@each_order
def bindings(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    steps = order.steps_by_id()
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        for path, binding in bindings_in(step.inputs):
            port = contract.inputs.get(str(path[0])) if contract and len(path) == 1 else None
            yield from _judged(_Use(repo, order, step, binding, ("inputs", *path), port), steps)


def _judged(use: _Use, steps: Mapping[str, Step]) -> Iterator[Problem]:
    origin = list(_origin(use))
    yield from origin
    yield from _selection(use)
    if origin:
        return
    if use.binding.asset:
        yield from _asset(use)
        yield from _type(use, "file")
        return
    upstream = steps.get(use.binding.from_step)
    contract = use.repo.contracts.get(upstream.module_id) if upstream else None
    if upstream is None or contract is None:
        return  # said where the step or the module is named
    wrong, output = _output(use, upstream, contract)
    yield from wrong
    if output is not None:
        below = bool(use.binding.from_file) and use.binding.from_file != output.path
        yield from _type(use, "file" if below else output.type)


def _origin(use: _Use) -> Iterator[Problem]:
    """Exactly one origin: an asset, or a step with an output or a file of it."""
    binding = use.binding
    if binding.asset and (binding.from_step or binding.output_id or binding.from_file):
        yield use.problem("binding-origin", "the binding names an asset and a step's output", "keep one of them")
    elif not binding.asset and not binding.from_step:
        yield use.problem("binding-origin", "the binding does not say which step it takes from", "add from_step")
    elif binding.output_id and binding.from_file:
        yield use.problem("binding-origin", "the binding has both output_id and from_file", "keep one of them")
    elif not (binding.asset or binding.output_id or binding.from_file):
        yield use.problem("binding-origin", "the binding does not say which output it takes", "add output_id")


def _selection(use: _Use) -> Iterator[Problem]:
    """`take`, `json_path` and `as_path` stand only where they mean something."""
    binding, selector = use.binding, use.binding.selector
    if binding.take is not None and selector not in (Selector.LINES, Selector.JSONL):
        yield use.problem("binding-selector", f"`take` means nothing with selector {selector}",
                          "remove it, or write selector: lines or jsonl", "take")
    if binding.json_path:
        if selector not in (Selector.JSON, Selector.JSONL, Selector.JSONL_FIRST):
            yield use.problem("binding-selector", f"`json_path` means nothing with selector {selector}",
                              "remove it, or write selector: json, jsonl or jsonl_first", "json_path")
        try:
            jsonpath.parse(binding.json_path)
        except ValueError as error:
            yield use.problem("bad-json-path", str(error)[:200], "write it as $.name[0]", "json_path")
    if binding.as_path and selector is not Selector.FILE:
        yield use.problem("binding-selector", f"`as_path` names a file, and selector {selector} makes a value",
                          "remove one of them", "as_path")


def _output(use: _Use, upstream: Step, contract: Contract) -> tuple[list[Problem], OutputPort | None]:
    binding = use.binding
    bindable = [port for port in contract.outputs.values() if not port.limited]
    if binding.output_id:
        output = contract.outputs.get(binding.output_id)
        if output is None:
            return [use.problem("unknown-output", f"`{contract.module_id}` has no output `{binding.output_id}`",
                                meant(binding.output_id, [port.id for port in bindable]), "output_id")], None
    else:
        held = [port for port in contract.outputs.values() if _holds(port, binding.from_file)]
        output = next((port for port in held if port.path == binding.from_file), next(iter(held), None))
        if output is None or path_fault(binding.from_file):
            return [use.problem("unknown-output", f"`{contract.module_id}` makes no file `{binding.from_file[:60]}`",
                                meant(binding.from_file, [port.path for port in bindable]), "from_file")], None
    if output.limited:
        field = "output_id" if binding.output_id else "from_file"
        return [use.problem("limited-output", f"the output `{output.id}` is for the platform only",
                            meant("", [port.id for port in bindable], "take another"), field)], None
    return list(_bought(use, upstream, contract, output)), output


def _holds(port: OutputPort, file: str) -> bool:
    return port.path == file or (port.type == "dir" and file.startswith(port.path.rstrip("/") + "/"))


def _bought(use: _Use, upstream: Step, contract: Contract, output: OutputPort) -> Iterator[Problem]:
    """An output that only a deliverable switches on may be missing when nobody buys that. What leaves the platform is
    judged by `leaving`."""
    taker = use.repo.contracts.get(use.step.module_id)
    if taker is not None and leaves(taker.kind):
        return
    sellers = [item for item in contract.deliverables.values() if output.id in item.outputs]
    if sellers and all(item.limited_inputs for item in sellers) and \
            not any(item.deliverable_id in upstream.deliverables for item in sellers):
        names = " or ".join(f"`{item.deliverable_id}`" for item in sellers)
        yield use.problem("output-not-bought", f"step `{upstream.step_id}` makes `{output.id}` only when {names} is "
                          "bought", f"add it to the deliverables of step `{upstream.step_id}`", warning=True)


def _asset(use: _Use) -> Iterator[Problem]:
    path = use.binding.asset
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        yield use.problem("asset-outside", f"the asset `{path[:60]}` is not below the tenant's own assets",
                          "write a path below its assets folder", "asset")
    elif (use.order.tenant_id, path) in use.repo.asset_faults:
        yield use.problem(*use.repo.asset_faults[use.order.tenant_id, path], "asset")
    elif (use.order.tenant_id, path) not in use.repo.assets:
        near = nearest(path, use.repo.asset_names.get(use.order.tenant_id, ()))
        yield use.problem("asset-missing", f"there is no file tenants/{use.order.tenant_id}/assets/{path[:100]}",
                          f"did you mean {shown(near)}?" if near else
                          "put it there", "asset")


def _type(use: _Use, made: str) -> Iterator[Problem]:
    """Whether what the binding makes is what its port takes."""
    selector, port = use.binding.selector, use.port
    if made == "dir" and selector is not Selector.FILE:
        yield use.problem("selector-on-folder", f"selector {selector} reads a file, and this is a folder",
                          "take a file of it with from_file", "selector")
    elif port is None:
        return
    elif selector is Selector.FILE:
        if port.type in ("file", "dir") and port.type != made:
            yield use.problem("binding-type", f"`{port.id}` takes a {port.type} and gets a {made}",
                              "bind another output" if port.type == "dir" else "take one file of it with from_file")
        elif port.type not in ("file", "dir"):
            yield use.problem("binding-type", f"`{port.id}` takes {port.type} and gets a {made}",
                              f"add selector: {_SELECTORS[port.type]}")
    elif port.type in ("file", "dir") or _MAKES.get(selector, port.type) != port.type:
        makes = _MAKES.get(selector, "value")
        yield use.problem("binding-type", f"`{port.id}` takes {port.type} and selector {selector} makes a {makes}",
                          "remove the selector" if port.type in ("file", "dir") else
                          f"write selector: {_SELECTORS[port.type]}", "selector")
