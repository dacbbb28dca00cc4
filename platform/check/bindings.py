"""The bindings of a step: each must name an existing output, of a type that its port takes."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from platform.check.problems import each_order, of_step
from platform.check.words import nearest, shown, suggestion
from platform.model import jsonpath
from platform.model.contract import Contract, InputPort, OutputPort
from platform.model.order import Binding, Order, Selector, Step, bindings_in
from platform.model.paths import path_fault
from platform.model.problem import Path, Problem
from platform.model.repo import Repo
from platform.model.sale import leaves

# The type of a selector's value; the value of json and jsonl_first may have any type.
_MAKES = {Selector.TEXT: "string", Selector.LINES: "array", Selector.JSONL: "array"}
_SELECTORS = {
    "string": "text",
    "array": "lines, jsonl or json",
    "object": "json",
    "integer": "json",
    "number": "json",
    "boolean": "json",
}
_WITH_ARTICLE = {"string": "a string", "array": "an array"}


@dataclass(frozen=True, slots=True)
class _Use:
    """One binding. `path` is the path to it in its step and begins with `inputs` and the port."""

    repo: Repo
    order: Order
    step: Step
    binding: Binding
    path: Path
    port: InputPort | None  # None inside a list or map, and if the module or its port is unknown

    def problem(
        self, code: str, what: str, fix: str, field: str = "", *, warning: bool = False
    ) -> Problem:
        path = (*self.path, field) if field else self.path
        return of_step(self.order, self.step, code, what, fix, *path, warning=warning)


@each_order
def bindings(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    steps = order.steps_by_id()
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        for path, binding in bindings_in(step.inputs):
            port = contract.inputs.get(str(path[0])) if contract and len(path) == 1 else None
            yield from _checked(_Use(repo, order, step, binding, ("inputs", *path), port), steps)


def _checked(use: _Use, steps: Mapping[str, Step]) -> Iterator[Problem]:
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
        return  # reported where the step or module is named
    wrong, output = _output(use, upstream, contract)
    yield from wrong
    if output is not None:
        below = bool(use.binding.from_file) and use.binding.from_file != output.path
        yield from _type(use, "file" if below else output.type)


def _origin(use: _Use) -> Iterator[Problem]:
    """A binding has exactly one origin: an asset, or an output or file of a step."""
    binding = use.binding
    if binding.asset and (binding.from_step or binding.output_id or binding.from_file):
        yield use.problem("binding-origin", "the binding names both an asset and a step's output",
                          "keep one of them")
    elif not binding.asset and not binding.from_step:
        yield use.problem("binding-origin", "the binding does not name a step", "add from_step")
    elif binding.output_id and binding.from_file:
        yield use.problem(
            "binding-origin", "the binding has both output_id and from_file", "keep one of them"
        )
    elif not (binding.asset or binding.output_id or binding.from_file):
        yield use.problem("binding-origin", "the binding does not name an output", "add output_id")


def _selection(use: _Use) -> Iterator[Problem]:
    """`take`, `json_path` and `as_path` are only valid with some selectors."""
    binding, selector = use.binding, use.binding.selector
    if binding.take is not None and selector not in (Selector.LINES, Selector.JSONL):
        yield use.problem("binding-selector", f"`take` does not apply to selector {selector}",
                          "remove it, or write selector: lines or jsonl", "take")
    if binding.json_path:
        if selector not in (Selector.JSON, Selector.JSONL, Selector.JSONL_FIRST):
            yield use.problem(
                "binding-selector",
                f"`json_path` does not apply to selector {selector}",
                "remove it, or write selector: json, jsonl or jsonl_first",
                "json_path",
            )
        try:
            jsonpath.parse(binding.json_path)
        except ValueError as error:
            yield use.problem(
                "bad-json-path", str(error)[:200], "write it as $.name[0]", "json_path"
            )
    if binding.as_path and selector is not Selector.FILE:
        yield use.problem("binding-selector", f"`as_path` names a file, but selector {selector} "
                          "makes a value", "remove one of them", "as_path")


def _output(
    use: _Use, upstream: Step, contract: Contract
) -> tuple[list[Problem], OutputPort | None]:
    binding = use.binding
    bindable = [port for port in contract.outputs.values() if not port.limited]
    if binding.output_id:
        output = contract.outputs.get(binding.output_id)
        if output is None:
            return [
                use.problem(
                    "unknown-output",
                    f"`{contract.module_id}` has no output `{binding.output_id}`",
                    suggestion(binding.output_id, [port.id for port in bindable]),
                    "output_id",
                )
            ], None
    else:
        held = [port for port in contract.outputs.values() if _holds(port, binding.from_file)]
        output = next(
            (port for port in held if port.path == binding.from_file), next(iter(held), None)
        )
        if output is None or path_fault(binding.from_file):
            return [use.problem("unknown-output", f"`{contract.module_id}` has no output file "
                                f"`{binding.from_file[:60]}`",
                                suggestion(binding.from_file, [port.path for port in bindable]),
                                "from_file")], None
    if output.limited:
        field = "output_id" if binding.output_id else "from_file"
        return [use.problem("limited-output", f"only the platform may use the output `{output.id}`",
                            suggestion("", [port.id for port in bindable], "use another"),
                            field)], None
    return list(_bought(use, upstream, contract, output)), output


def _holds(port: OutputPort, file: str) -> bool:
    return port.path == file or (
        port.type == "dir" and file.startswith(port.path.rstrip("/") + "/")
    )


def _bought(use: _Use, upstream: Step, contract: Contract, output: OutputPort) -> Iterator[Problem]:
    """Warns about an output that may be missing because only a deliverable that is not bought
    enables it. The check `leaving` covers outputs that leave the platform."""
    taker = use.repo.contracts.get(use.step.module_id)
    if taker is not None and leaves(taker.kind):
        return
    sellers = [item for item in contract.deliverables.values() if output.id in item.outputs]
    if sellers and all(item.limited_inputs for item in sellers) and \
            not any(item.deliverable_id in upstream.deliverables for item in sellers):
        names = " or ".join(f"`{item.deliverable_id}`" for item in sellers)
        yield use.problem("output-not-bought", f"step `{upstream.step_id}` makes `{output.id}` "
                          f"only if {names} is bought",
                          f"add it to the deliverables of step `{upstream.step_id}`", warning=True)


def _asset(use: _Use) -> Iterator[Problem]:
    path = use.binding.asset
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        yield use.problem("asset-outside",
                          f"the asset `{path[:60]}` is outside the tenant's assets",
                          "write a path inside its assets directory", "asset")
    elif (use.order.tenant_id, path) in use.repo.asset_faults:
        yield use.problem(*use.repo.asset_faults[use.order.tenant_id, path], "asset")
    elif (use.order.tenant_id, path) not in use.repo.assets:
        near = nearest(path, use.repo.asset_names.get(use.order.tenant_id, ()))
        yield use.problem(
            "asset-missing",
            f"there is no file tenants/{use.order.tenant_id}/assets/{path[:100]}",
            f"did you mean {shown(near)}?" if near else "add the file",
            "asset",
        )


def _type(use: _Use, made: str) -> Iterator[Problem]:
    """Whether the value of the binding has the type that its port takes."""
    selector, port = use.binding.selector, use.port
    if made == "dir" and selector is not Selector.FILE:
        yield use.problem("selector-on-folder",
                          f"selector {selector} reads a file, but the output is a directory",
                          "name one of its files with from_file", "selector")
    elif port is None:
        return
    elif selector is Selector.FILE:
        if port.type in ("file", "dir") and port.type != made:
            yield use.problem("binding-type", f"`{port.id}` takes a {port.type} but gets a {made}",
                              "bind another output" if port.type == "dir" else
                              "name one of its files with from_file")
        elif port.type not in ("file", "dir"):
            yield use.problem("binding-type", f"`{port.id}` takes {port.type} but gets a {made}",
                              f"add selector: {_SELECTORS[port.type]}")
    elif port.type in ("file", "dir") or _MAKES.get(selector, port.type) != port.type:
        makes = _WITH_ARTICLE.get(_MAKES.get(selector, ""), "a value")
        yield use.problem("binding-type", f"`{port.id}` takes {port.type}, but selector {selector} "
                          f"makes {makes}",
                          "remove the selector" if port.type in ("file", "dir") else
                          f"write selector: {_SELECTORS[port.type]}", "selector")
