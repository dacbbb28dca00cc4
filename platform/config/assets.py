"""The assets that orders bind: each is in the tenant's own directory and is hashed once."""
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from platform.config.text import refused, shown_file
from platform.confined import Folder, Refused
from platform.files import Digests
from platform.model.order import Order, bindings_in
from platform.model.repo import Refusal, TenantAsset

MOST_NAMES = 1000  # of one tenant's files, to suggest a name


@dataclass(slots=True)
class FoundAssets:
    """`assets` are the readable assets and `faults` the refused ones, by (tenant id, bound path).
    `names` are the files of each tenant with a missing asset."""

    assets: dict[tuple[str, str], TenantAsset] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: dict[tuple[str, str], Refusal] = field(default_factory=dict)


def bound_assets(root: Path, top: Folder, orders: Iterable[Order], digests: Digests,
                 most_bytes: int = 0) -> FoundAssets:
    """The assets that the orders bind, each read once below `top`, which is the directory `root`.

    An asset of more than `most_bytes` is refused before it is read, because a sparse file of any
    size costs its author nothing. Zero means no limit."""
    result = FoundAssets()
    seen: set[tuple[str, str]] = set()
    for order in orders:
        for step in order.steps:
            for _, binding in bindings_in(step.inputs):
                key = (order.tenant_id, binding.asset)
                if not binding.asset or key in seen:
                    continue
                seen.add(key)
                found = _asset(root, top, *key, digests, most_bytes)
                if isinstance(found, TenantAsset):
                    result.assets[key] = found
                elif found is not None:
                    result.faults[key] = found
                elif order.tenant_id not in result.names:
                    result.names[order.tenant_id] = _names(top, order.tenant_id)
    return result


def _asset(root: Path, top: Folder, tenant_id: str, path: str, digests: Digests, most_bytes: int
           ) -> TenantAsset | Refusal | None:
    file = f"tenants/{tenant_id}/assets/{path}"
    try:
        with top.file(file, sole=True) as handle:
            size = os.fstat(handle).st_size
            if 0 < most_bytes < size:
                return Refusal("asset-too-large",
                               f"the asset has {size} bytes; the limit is {most_bytes}",
                               "split it, or ask the operator to raise limits.file_mb of the "
                               "runtime profile")
            return TenantAsset(path, file, digests.of(handle, root / file), size)
    except FileNotFoundError:
        return None
    except Refused as error:
        return _refusal(error, file)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        return Refusal("asset-unreadable", f"the asset cannot be read ({error.strerror})",
                       "give this user read permission")


def _refusal(error: Refused, file: str) -> Refusal | None:
    """The refusal with the code and message of the Problem. None for a path that leads out of the
    assets, which another check reports, and for a path through a file."""
    problem = refused(error, shown_file(file))
    if error.errno in (errno.EXDEV, errno.EINVAL, errno.ENOTDIR) and problem.code == "file-missing":
        return None
    return Refusal(problem.code, f"{error.offender} {problem.what}", problem.fix)


def _names(top: Folder, tenant_id: str) -> tuple[str, ...]:
    try:
        with top.folder(f"tenants/{tenant_id}/assets") as folder:
            return tuple(
                islice(
                    (below for below, entry, _ in folder.walk() if entry.kind == "file"), MOST_NAMES
                )
            )
    except OSError:
        return ()
