"""The assets that orders bind: found below the tenant's own folder, hashed once, whoever binds them how often."""
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from platform.files import Digests, files_below
from platform.model.order import Order, bindings_in
from platform.model.problem import Place, Problem
from platform.model.repo import Asset

MOST_NAMES = 1000  # of one tenant's files, for the name that was probably meant


@dataclass(slots=True)
class Found:
    """`assets` by (tenant, path as bound) are those that are there. `names`: the files of each tenant that misses one.
    A file that is there and cannot be read is one of `problems`; what is not there, `check` says."""

    assets: dict[tuple[str, str], Asset] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def bound_assets(root: Path, orders: Iterable[Order], digests: Digests) -> Found:
    """The assets that the orders bind, each looked up once."""
    result = Found()
    seen: set[tuple[str, str]] = set()
    for order in orders:
        for step in order.steps:
            for path, binding in bindings_in(step.inputs):
                key = (order.tenant_id, binding.asset)
                if not binding.asset or key in seen:
                    continue
                seen.add(key)
                place = order.source.place("steps", step.index, "inputs", *path, "asset")
                found = _asset(root, order, binding.asset, place, digests)
                if isinstance(found, Problem):
                    result.problems.append(found)
                elif found is not None:
                    result.assets[key] = found
                elif order.tenant_id not in result.names:
                    names = (below for below, _ in files_below(_folder(root, order)))
                    result.names[order.tenant_id] = tuple(islice(names, MOST_NAMES))
    return result


def inside(path: str) -> bool:
    """Whether a bound path stays below the folder it is named in, by its words alone."""
    return not (path.startswith("/") or "\\" in path or "\0" in path or ".." in PurePosixPath(path).parts)


def _folder(root: Path, order: Order) -> Path:
    return root / "tenants" / order.tenant_id / "assets"


def _asset(root: Path, order: Order, path: str, place: Place, digests: Digests) -> Asset | Problem | None:
    folder = _folder(root, order)
    if not inside(path):
        return None
    try:
        real = (folder / path).resolve()
        if not real.is_relative_to(folder.resolve()) or not real.is_file():
            return None
        return Asset(path, f"tenants/{order.tenant_id}/assets/{path}", digests.file(real), real.stat().st_size)
    except OSError as error:
        return Problem(place, "asset-unreadable", f"the asset cannot be read ({error.strerror})",
                       "let this user read it", ("order", *order.id))
