"""Bound files and folders as one zip with its manifests. What a package is, `platform.bundle`
knows."""
from pathlib import Path

from platform.bundle.archive import write_package
from platform.bundle.manifest import (
    CSV_NAME,
    JSON_NAME,
    BundleError,
    Source,
    entries_of,
    manifest_csv,
    manifest_json,
)


def source(bound):
    """A bound file or folder as the step's params hold it."""
    return Source(
        path=Path(bound["path"]),
        sha256=bound["sha256"],
        dest_path=bound.get("as_path") or "",
        step_id=bound.get("step_id") or "",
        module_id=bound.get("module_id") or "",
        output_id=bound.get("output_id") or "",
    )


def run(params, outputs_dir):
    outputs = Path(outputs_dir)
    for index, bound in enumerate(params["bound_outputs"]):
        if (
            not isinstance(bound, dict)
            or not isinstance(bound.get("path"), str)
            or "sha256" not in bound
        ):
            return failed(
                "bad_input_format",
                f"bound_outputs[{index}] is no binding; write from_step and output_id",
            )
    try:
        entries = entries_of(source(bound) for bound in params["bound_outputs"])
        write_package(outputs / "package.zip", entries)
        (outputs / JSON_NAME).write_bytes(manifest_json(entries))
        (outputs / CSV_NAME).write_bytes(manifest_csv(entries))
    except BundleError as error:
        return failed("package_failed", str(error))
    except OSError as error:
        return failed(
            "output_write_failed", f"the package cannot be made ({error.strerror}); free space"
        )
    return {"status": "COMPLETED"}


def failed(slug, message):
    return {"status": "FAILED", "reason_slug": slug, "message": message}
