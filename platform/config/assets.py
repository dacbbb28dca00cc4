"""The assets that orders bind: found below the tenant's own folder, hashed once, whoever binds them how often."""
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from platform.files import Digests
from platform.model.order import Order, bindings_in
from platform.model.problem import Place, Problem
from platform.model.repo import Asset


def bound_assets(root: Path, orders: Iterable[Order],
                 digests: Digests) -> tuple[dict[tuple[str, str], Asset], list[Problem]]:
    """By (tenant, path as bound): the assets that are there. What is not there is missing here, and `check` says so;
    a file that is there and cannot be read is a problem here."""
    assets: dict[tuple[str, str], Asset] = {}
    problems = []
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
                    problems.append(found)
                elif found is not None:
                    assets[key] = found
    return assets, problems


def inside(path: str) -> bool:
    """Whether a bound path stays below the folder it is named in, by its words alone."""
    return not (path.startswith("/") or "\\" in path or "\0" in path or ".." in PurePosixPath(path).parts)


def _asset(root: Path, order: Order, path: str, place: Place, digests: Digests) -> Asset | Problem | None:
    folder = root / "tenants" / order.tenant_id / "assets"
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
