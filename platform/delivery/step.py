"""A delivery step from its params to its result. Every module of kind `delivery` uses this code.

`params` is the argument of the module's `run(params, outputs_dir)`. The code called from here gets
typed values.
"""
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform.confined import opened, read_file
from platform.delivery.flow import (
    EARLIER,
    LOOK_UNKNOWN,
    UNVERIFIED,
    Delivery,
    KnownDelivery,
    deliver,
)
from platform.delivery.receipt import Receipt, receipt_of, write_log, write_receipt
from platform.delivery.registry import PROVIDERS
from platform.files import sha256_of
from platform.ports.provider import (
    PACKAGE_NAME,
    Declined,
    DeliveryRequest,
    Listed,
    Parcel,
    Provider,
)

DELIVERABLE = "package_artifacts"  # the delivered deliverable, which packaging modules sell

_LARGEST_MANIFEST = 256 << 20  # bytes

Result = dict[str, str]


def remote_path(context: Mapping[str, Any], deliverable_id: str = DELIVERABLE) -> str:
    """The remote path of a package: <tenant>/<order>/<run>/<step>/<deliverable>/package.zip."""
    names = [context["tenant_id"], context["work_order_id"], context["run_id"], context["step_id"]]
    return "/".join([*names, deliverable_id, PACKAGE_NAME])


def run_delivery(
    params: Mapping[str, Any],
    outputs_dir: Path,
    provider_name: str,
    make_provider: Callable[[DeliveryRequest], Provider] | None = None,
    *,
    stopped_domains: Sequence[str] = (),
) -> Result:
    """Deliver `params["package_zip"]`, write the receipt and the log, and return the result.

    `make_provider` creates the provider; without it, `PROVIDERS` does. It raises Declined if the
    request is not acceptable. `stopped_domains` are the mail domains that get nothing, in lower
    case; a domain includes those below it.

    * `_platform.may_have_delivered`: an earlier try ended `unverified`. A refusal of this try then
      proves nothing, unless the provider can show that nothing arrived.
    * `_platform.delivered`: the receipts of tries that arrived, or a person's decision that one
      did.
    * `_platform.look_only`: the provider only looks, and nothing is sent.
    """
    context = params["_platform"]
    settings, doubtful = (
        context.get("delivery", {}).get(provider_name, {}),
        bool(context.get("may_have_delivered")),
    )
    look_only = bool(context.get("look_only"))
    try:
        parcel = parcel_of(params)
        timeout_s = float(context.get("timeout_s", 0))
        request = DeliveryRequest(parcel, params, settings, timeout_s, tuple(stopped_domains))
        provider = (make_provider or PROVIDERS[provider_name])(request)
    except Declined as error:
        if look_only:
            return _failed(LOOK_UNKNOWN, str(error))
        if doubtful:
            return _failed(UNVERIFIED, f"{error}; {EARLIER}")
        return _failed(error.reason_slug, str(error))
    delivered = context.get("delivered", {})
    known = KnownDelivery(
        doubtful,
        _delivered(delivered, provider, parcel),
        bool(delivered.get("lost")),
        _settled(delivered),
        look_only,
    )
    delivery = deliver(provider, parcel, lambda: datetime.now(UTC), known)
    write_log(outputs_dir, provider.name, parcel.delivery_key, provider.recorded, delivery.events)
    if delivery.receipt:
        write_receipt(outputs_dir, delivery.receipt)
    return _result(delivery)


def looks(module_dir: Path) -> bool:
    """Whether a delivery module uses `run_delivery`, and so supports `look_only`.

    Any other module may send although only a look is allowed. PLATFORM does not start it to find
    out whether a package arrived."""
    try:
        code = (module_dir / "src" / "run.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return "platform.delivery.step" in code and "run_delivery(" in code


def parcel_of(params: Mapping[str, Any]) -> Parcel:
    """The package that the step's inputs name. Declined if the package is missing, or if its
    manifest is missing or invalid. Nothing has been sent then."""
    context, manifest = params["_platform"], params.get("manifest_json")
    package = Path(params["package_zip"]["path"])
    try:
        with opened(package.absolute()) as handle:
            size, digest = os.fstat(handle).st_size, sha256_of(handle)
    except OSError as error:
        raise Declined("package_zip is missing; run the packaging step again",
                       "missing_required_input") from error
    return Parcel(
        delivery_key=context["delivery_key"],
        remote_path=remote_path(context),
        package=package,
        bytes=size,
        sha256=digest,
        manifest=Path(manifest["path"]) if manifest else None,
        contents=_contents(Path(manifest["path"])) if manifest else (),
    )


def _contents(manifest: Path) -> tuple[Listed, ...]:
    try:
        files = json.loads(read_file(manifest.absolute(), _LARGEST_MANIFEST))["files"]
        return tuple(Listed(str(file["dest_path"]), int(file["bytes"])) for file in files)
    except OSError as error:
        raise Declined(
            "manifest_json is missing; run the packaging step again", "missing_required_input"
        ) from error
    # 1e999, deep nesting
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise Declined(
            "manifest_json is not the manifest of a package; bind the packaging step's "
            "manifest_json",
            "bad_input_format",
        ) from error


def _delivered(delivered: Mapping[str, Any], provider: Provider, parcel: Parcel) -> Receipt | None:
    """The newest receipt of this package from this provider; None if no receipt matches.

    If the record of the delivery is `lost`, the newest receipt of any package from this provider is
    used. A `recorded` receipt of an outbox does not count for a provider that sends mails."""
    receipts = [receipt for value in delivered.get("receipts", ()) if (receipt := receipt_of(value))
                and (receipt.provider, receipt.recorded) == (provider.name, provider.recorded)]
    same = [receipt for receipt in receipts if receipt.sha256 == parcel.sha256]
    found = same or (receipts if delivered.get("lost") else [])
    return found[-1] if found else None


def _settled(delivered: Mapping[str, Any]) -> str:
    """A person's decision that it arrived, in words; empty without a decision."""
    said = delivered.get("settled") or {}
    note = f": {said['note']}" if said.get("note") else ""
    return f"{said['by']} settled it as arrived at {said['at']}{note}" if said else ""


def _result(delivery: Delivery) -> Result:
    if not delivery.completed:
        return _failed(delivery.reason_slug, delivery.message)
    fields = {"reason_slug": delivery.reason_slug, "message": delivery.message}
    return {"status": "COMPLETED", **{name: text for name, text in fields.items() if text}}


def _failed(slug: str, message: str) -> Result:
    return {"status": "FAILED", "reason_slug": slug, "message": message}
