"""The in-toto statement of a published package: what it is, how it was made, and what paid for it.

Statement v1 with SLSA provenance v1. Its bytes depend only on the purchase, the run record and the
package, so a publisher that was killed makes the same bytes again. It contains digests of the
inputs, never their values: a tenant's texts and addresses are private. Pure.
"""
import json
from collections.abc import Iterator, Mapping
from typing import Any

from platform.model.digest import canonical_json, digest_of
from platform.model.run import RunRecord
from platform.publish.select import Purchase
from platform.signing import dsse
from platform.signing.dsse import Envelope

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://platform.invalid/build/step/v1"
BUILDER_ID = "https://platform.invalid/runner"


def statement(purchase: Purchase, record: RunRecord, package_sha256: str) -> bytes:
    """The statement's JSON, which is the payload of its envelope.

    `record` is of the run that made the package's files.
    """
    times = {"startedOn": record.started_at, "finishedOn": record.finished_at}
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": purchase.artifact_name, "digest": {"sha256": package_sha256}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        **purchase.step._asdict(),
                        "deliverable_id": purchase.deliverable_id,
                        "module_id": record.module_id,
                        "module_version": record.module_version,
                    },
                    "internalParameters": {
                        "task_hash": purchase.task_hash,
                        "inputs_digest": record.inputs_digest,
                        "ledger_item": {
                            "transaction_item_id": purchase.item_id,
                            "idempotency_key": purchase.item_key,
                        },
                    },
                    "resolvedDependencies": list(_materials(record)),
                },
                "runDetails": {
                    "builder": {"id": BUILDER_ID},
                    "metadata": {
                        "invocationId": record.run_id,
                        **{name: at for name, at in times.items() if at},
                    },
                    "byproducts": [
                        _output(output.path, output.type, output.sha256)
                        for output in record.outputs
                    ],
                },
            },
        }
    )


def _materials(record: RunRecord) -> Iterator[dict[str, Any]]:
    """The module's code, then the step's bound outputs and assets, by JSON pointer."""
    code = sorted(map(list, record.inputs.get("module_code", {}).items()))
    yield {"name": f"modules/{record.module_id}", "digest": {"file_list_sha256": digest_of(code)}}
    for pointer, binding in sorted(record.task.get("bindings", {}).items()):
        upstream = {"sha256": binding["asset_sha256"]} if "asset_sha256" in binding else {
            "task_hash": binding["task_hash"]}
        yield {"name": f"inputs{pointer}", "digest": upstream}


def _output(path: str, type_: str, sha256: str) -> dict[str, Any]:
    """An output with its digest. A directory's digest is of its list of files, so it has another
    name than a file's."""
    return {
        "name": f"outputs/{path}",
        "digest": {"sha256" if type_ == "file" else "file_list_sha256": sha256},
    }


def envelope_in(data: bytes) -> Envelope:
    """The envelope in a statement's file. ValueError with the reason if it does not contain one."""
    try:
        return dsse.parse(json.loads(data))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def claims_of(envelope: Envelope) -> Mapping[str, Any]:
    """The statement's content, flat: package_sha256, artifact_name, the purchase's ids, ... .

    ValueError with the reason if it is not a statement of PLATFORM. Signatures are not checked.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"contains {envelope.payload_type!r}, not {PAYLOAD_TYPE!r}")
    try:
        content = json.loads(envelope.payload)
    except (ValueError, RecursionError) as error:
        raise ValueError("contains a payload that is not JSON") from error
    try:
        build_type = content["predicate"]["buildDefinition"]["buildType"]
        types = content["_type"], content["predicateType"], build_type
        if types != (STATEMENT_TYPE, PREDICATE_TYPE, BUILD_TYPE):
            raise ValueError(f"is a statement of another kind ({', '.join(map(str, types))})")
        if len(content["subject"]) != 1:
            raise ValueError(f"is about {len(content['subject'])} packages, not one")
        (subject,) = content["subject"]
        build, run = content["predicate"]["buildDefinition"], content["predicate"]["runDetails"]
        inner = build["internalParameters"]
        return {
            "artifact_name": subject["name"],
            "package_sha256": subject["digest"]["sha256"],
            **{
                name: build["externalParameters"][name]
                for name in (
                    "tenant_id",
                    "work_order_id",
                    "step_id",
                    "deliverable_id",
                    "module_id",
                    "module_version",
                )
            },
            "task_hash": inner["task_hash"],
            "inputs_digest": inner["inputs_digest"],
            "transaction_item_id": inner["ledger_item"]["transaction_item_id"],
            "idempotency_key": inner["ledger_item"]["idempotency_key"],
            "run_id": run["metadata"]["invocationId"],
            "finished_at": run["metadata"].get("finishedOn", ""),
            "materials": build["resolvedDependencies"],
        }
    except KeyError as error:
        raise ValueError(
            f"is not a statement about a published package: `{error.args[0]}` is missing"
        ) from error
    except (TypeError, AttributeError) as error:
        raise ValueError(
            "is not a statement about a published package: a field has the wrong type"
        ) from error


def is_about(envelope: Envelope, purchase: Purchase, package_sha256: str) -> bool:
    """Whether an existing statement is about this package of this purchase.

    If the run was repeated in between, the statement has another time.
    """
    try:
        claims = claims_of(envelope)
    except ValueError:
        return False
    ours = {
        **purchase.step._asdict(),
        "deliverable_id": purchase.deliverable_id,
        "task_hash": purchase.task_hash,
        "package_sha256": package_sha256,
    }
    return all(claims[name] == value for name, value in ours.items())
