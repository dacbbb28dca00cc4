"""`runtime-print`: the runtime profile in force, every default filled in. Holds no secrets: profiles have none."""
import argparse
import json
import sys
from dataclasses import asdict

from platform.commands.common import add_json, add_places, open_session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    session = open_session(arguments)
    profile = {name: value for name, value in asdict(session.profile).items() if name != "source"}
    profile["billing_state_dir"] = session.shown(session.billing_state_dir)
    profile["runtime_dir"] = session.shown(session.runtime_dir)
    if arguments.json:
        text = json.dumps(profile, indent=1)
    else:
        import yaml

        text = yaml.safe_dump(profile, sort_keys=False)
    sys.stdout.write(text.rstrip("\n") + "\n")
    return 0
