"""`doctor`: report what this machine provides for runs.

For each missing feature, it prints the consequence and what to do."""

import argparse

from platform.commands.common import add_json, add_places, open_run, show
from platform.errors import ForbiddenError, InputError
from platform.verify.fences import fences
from platform.verify.finding import findings_summary, lines, verdict
from platform.verify.host import host
from platform.verify.places import disks, readers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, 17 if the machine lacks what the profile requires, or 10 if the profile has
    errors."""
    run = open_run(arguments)
    if errors := [problem for problem in run.workspace.profile_problems if not problem.warning]:
        raise InputError(errors)  # its requirements are unknown
    profile, state, runtime = (
        run.workspace.profile,
        run.workspace.billing_state_dir,
        run.workspace.runtime_dir,
    )
    keys = (
        {"signing key": run.workspace.root / profile.signing["key_file"]}
        if profile.signing.get("key_file")
        else {}
    )
    folders = {"billing state": state, "runtime": runtime}
    findings = [
        *fences(profile),
        *host(state),
        *disks(folders, profile.limits.output_mb),
        *readers({**folders, **keys}, frozenset(keys)),
    ]
    result = verdict(findings, profile.profile_id)
    show(arguments, result, "\n".join([*lines(findings), findings_summary(result)]))
    return 0 if result["ok"] else ForbiddenError.exit_status
