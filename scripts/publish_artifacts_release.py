"""Publish what was bought and is not published yet, with evidence in the billing state
(--no-publish: simulate)."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands import publish

if __name__ == "__main__":
    sys.exit(script(str(__doc__), publish.add_arguments, publish.run))
