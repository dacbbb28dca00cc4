"""A verdict is a list of independent checks: one line each, or JSON."""
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from platform.model.words import counted
from platform.streams import neutral_json


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok    ' if self.ok else 'FAILED'}  {self.name}  {self.detail}".rstrip()


def print_verdict(what: str, checks: Iterable[Check], as_json: bool) -> bool:
    """Print each check when it is done, then the verdict on `what`. Returns whether all are ok."""
    done: list[Check] = []
    for check in checks:
        done.append(check)
        if not as_json:
            sys.stdout.write(f"{check}\n")
            sys.stdout.flush()
    failed = sum(not check.ok for check in done)
    count = (
        f"{failed} of {counted(len(done), 'check')} FAILED"
        if failed
        else f"{counted(len(done), 'check')} ok"
    )
    result = {"what": what, "ok": not failed, "checks": [asdict(check) for check in done]}
    sys.stdout.write(
        f"{neutral_json(json.dumps(result, indent=1)) if as_json else f'{what}: {count}'}\n"
    )
    return not failed
