"""`runtime-print`: print the runtime profile in force, with all defaults. Profiles hold no
secrets."""
import argparse
import json
import sys
from dataclasses import asdict

from platform.commands.common import add_json, add_places, open_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    run = open_run(arguments)
    profile = {
        name: value for name, value in asdict(run.workspace.profile).items() if name != "source"
    }
    profile["billing_state_dir"] = run.workspace.shown(run.workspace.billing_state_dir)
    profile["runtime_dir"] = run.workspace.shown(run.workspace.runtime_dir)
    if arguments.json:
        text = json.dumps(profile, indent=1)
    else:
        import yaml

        text = yaml.safe_dump(profile, sort_keys=False)
    sys.stdout.write(text.rstrip("\n") + "\n")
    return 0
