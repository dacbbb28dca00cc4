#!/usr/bin/env python3
"""Publish a wheel and its source archive as a GitHub release.

    python scripts/publish_wheel.py --dist DIR --tag vX.Y.Z

Runs `gh release create` for a tag that exists, with all files of the directory. The token is in
GH_TOKEN. A release of this tag that exists is not changed (1).
"""
import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dist", type=Path, required=True, metavar="DIR")
    parser.add_argument("--tag", required=True, metavar="vX.Y.Z")
    arguments = parser.parse_args()
    files = sorted(arguments.dist.glob("*.whl")) + sorted(arguments.dist.glob("*.tar.gz"))
    if len(files) != 2:
        print(f"{arguments.dist}: contains {len(files)} of a wheel and a source archive; "
              "build them with `python -m build`", file=sys.stderr)
        return 2
    command = ["gh", "release", "create", arguments.tag, "--verify-tag", "--title", arguments.tag,
               "--notes", "See CHANGELOG.md. Check a file with `gh attestation verify`.",
               *map(str, files)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
