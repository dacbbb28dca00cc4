"""A planned step as a job for the worker: its params with the `_platform` context, its environment,
and the paths and network that it may use."""
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from platform.check.values import CheckedParams
from platform.confined import Folder, Refused, kind_at, make_folders
from platform.errors import StorageError
from platform.model.digest import derived_id
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.profile import Profile
from platform.model.reasons import UNVERIFIED
from platform.owned import placed, within
from platform.ports.executor import Job
from platform.run.cancel_request import request_file
from platform.run.context import RunContext
from platform.run.delivery_settings import counted
from platform.run.fault import Fault
from platform.run.inputs import Resolved
from platform.run.permit import Permit
from platform.run.step_directory import StepDirectory

# RFC 5321, section 4.5.3.2.6: what a server may take to answer the final dot
ANSWER_TIMEOUT_S = 600
_MARGIN_S = 30  # for what a delivery does after the answer
DOUBT = "may_have_delivered"  # in a delivery's `_platform`


def run_id(step: PlannedStep, epoch: int) -> str:
    """The id of this run. It is derived, so the same history has the same ids. A refund begins a
    new run."""
    return derived_id(f"run:{step.task_hash}:{epoch}")


def delivery_key(step: PlannedStep, epoch: int) -> str:
    """The name of a delivery for its provider. All attempts have the same name, so that none
    arrives twice."""
    return derived_id(f"delivery:{step.task_hash}:{epoch}")


def time_limit_s(profile: Profile, step: PlannedStep) -> int:
    """The time limit of an attempt in whole seconds; 0: no limit.

    A delivery to a mail server has its own limit until it has sent the message
    (`_platform.timeout_s`). Then it also gets the time that the server may take to answer, because
    without the answer the delivery is in doubt."""
    limit_s = _own_limit_s(profile, step)
    mail = counted(step.contract, profile.delivery).get("email", {})
    waits = step.kind is Kind.DELIVERY and step.contract.network and mail.get("transport") == "smtp"
    if not limit_s or not waits:
        return limit_s
    return limit_s + math.ceil(float(mail.get("answer_timeout_s", ANSWER_TIMEOUT_S))) + _MARGIN_S


def _own_limit_s(profile: Profile, step: PlannedStep) -> int:
    """The operator's limit, which a tenant's timeout can only lower."""
    most_s = profile.limits.timeout_s
    return most_s if step.timeout_s is None or 0 < most_s <= step.timeout_s else step.timeout_s


def job(
    context: RunContext,
    step: PlannedStep,
    epoch: int,
    resolved: Resolved,
    checked: CheckedParams,
    *,
    place: StepDirectory,
) -> Job:
    """The job. Fault without a required secret or without code; StorageError when a delivery
    folder cannot be made."""
    contract, limits = step.contract, context.profile.limits
    # then nothing is called
    recorded = contract.external and context.profile.external_services == "recorded"
    secrets = {} if recorded else _secrets(context, step)
    module_dir = context.module_dir(contract.module_id)
    if kind_at(module_dir / "src" / "run.py") != "file":
        raise Fault("internal_error", f"modules/{contract.module_id}/src/run.py is missing")
    platform: dict[str, Any] = {
        **step.id._asdict(),
        "module_id": contract.module_id,
        "run_id": run_id(step, epoch),
        "task_hash": step.task_hash,
        "delivery_key": delivery_key(step, epoch),
        "deliverables": list(step.deliverables),
        "external_services": context.profile.external_services,
    }
    folders: tuple[Path, ...] = ()
    if step.kind is Kind.DELIVERY:
        settings = counted(contract, context.profile.delivery)
        platform["delivery"], folders = absolute_settings(context.root, settings, step.id.tenant_id)
        platform["timeout_s"] = _own_limit_s(context.profile, step)
        platform[DOUBT] = place.in_doubt or _in_doubt(context, step, epoch)
    return Job(
        module_dir=module_dir,
        params={**checked.values, "_platform": platform},
        outputs=place.outputs,
        scratch=place.scratch,
        log=place.log,
        limits=replace(limits, timeout_s=time_limit_s(context.profile, step)),
        env={**{var.name: var.value for var in contract.vars}, **secrets},
        secrets=tuple(secrets.values()),
        readable=tuple(bound.path for bound in resolved.bound),
        writable=folders,
        network=contract.network and not recorded,
        stop=request_file(context.runtime_dir, step.id),
    )


def permitted(todo: Job, permit: Permit, *, in_doubt: bool) -> Job:
    """The job with what this attempt of the delivery may do. `in_doubt`: an attempt of this run may
    have arrived."""
    platform = todo.params["_platform"]
    allowed = {
        DOUBT: platform[DOUBT] or permit.in_doubt or in_doubt,
        "look_only": permit.look_only,
        "delivered": {"receipts": permit.receipts, "lost": permit.lost, "settled": permit.settled},
    }
    return replace(todo, params={**todo.params, "_platform": {**platform, **allowed}})


def _in_doubt(context: RunContext, step: PlannedStep, epoch: int) -> bool:
    """Whether the last record of the same delivery ended `unverified`."""
    last = context.record(step.id)
    return last is not None and (last.task_hash, last.refund_epoch, last.reason) == (
        step.task_hash,
        epoch,
        UNVERIFIED,
    )


def _secrets(context: RunContext, step: PlannedStep) -> dict[str, str]:
    """The step's own secrets that the environment has."""
    wanted = step.contract.secrets
    kept = sorted(
        secret.name
        for secret in wanted
        if not context.profile.grants(step.contract.module_id, secret.name)
    )
    if kept:  # `check` reports this earlier; the rule also holds without it
        raise Fault(
            "secrets_missing",
            f"the profile does not give {', '.join(kept)} to {step.contract.module_id}",
        )
    missing = sorted(
        secret.name for secret in wanted if secret.required and not context.env.get(secret.name)
    )
    if missing:
        raise Fault("secrets_missing", f"the environment does not have {', '.join(missing)}")
    return {
        secret.name: context.env[secret.name] for secret in wanted if context.env.get(secret.name)
    }


def absolute_settings(root: Path, settings: Mapping[str, Mapping[str, Any]], tenant_id: str
                      ) -> tuple[dict[str, dict[str, Any]], tuple[Path, ...]]:
    """The settings by provider with absolute `*_dir`, and the tenant's own directory in each.

    The directories are created. The step may use only these. Fault: a link is in the path.
    StorageError: a directory cannot be created.
    """
    absolute: dict[str, dict[str, Any]] = {}
    folders = []
    for provider, values in settings.items():
        absolute[provider] = dict(values)
        for name in (name for name in values if name.endswith("_dir")):
            folder = _made(root, values[name], tenant_id, f"delivery.{provider}.{name}")
            absolute[provider][name] = str(folder.parent)
            folders.append(folder)
    return absolute, tuple(folders)


def _made(root: Path, name: str, tenant_id: str, setting: str) -> Path:
    """Create a tenant's part of a delivery directory.

    In the repository, nothing in its path may be a link, because a module could have created it.
    Elsewhere the directory is the operator's, and only the tenant's part must not be a link.
    """
    whole, inside = placed(root, name), within(name)
    base = root if inside else whole
    try:
        base.mkdir(parents=True, exist_ok=True)
        with Folder.at(base) as folder:
            make_folders(folder, f"{name}/{tenant_id}" if inside else tenant_id)
    except Refused as error:
        raise Fault(
            "output_write_failed",
            f"{error.offender} is {error.kind}, and nothing is delivered through one; "
            f"put the directory itself there, or write its absolute path in {setting}",
        ) from error
    except OSError as error:
        raise StorageError(
            f"{base / name / tenant_id}: cannot be made ({error.strerror}); "
            f"see {setting} of the runtime profile"
        ) from error
    return whole / tenant_id
