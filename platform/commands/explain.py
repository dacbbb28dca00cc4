"""`explain [CODE]`: print the cause of an error code, how to fix it, and a wrong and a right
example."""
import argparse
from difflib import get_close_matches
from textwrap import indent

from platform.commands.common import add_json, show
from platform.errors import UsageError
from platform.model.codes import CODES
from platform.model.examples import EXAMPLES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", default="", metavar="CODE",
                        help="the code in the brackets of error[...] (default: list all)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0. UsageError (2) names the nearest codes if the code does not exist."""
    code = arguments.code.strip().removeprefix("error").removeprefix("warning").strip("[]:")
    if not code:
        width = max(map(len, CODES))
        show(arguments, {"codes": [_as_json(name) for name in sorted(CODES)]},
             "\n".join(f"{name:<{width}}  {CODES[name].cause}" for name in sorted(CODES)))
        return 0
    if code not in CODES:
        near = get_close_matches(code[:60].casefold(), CODES, n=3, cutoff=0.5)
        raise UsageError(f"error code {code[:60]!r} does not exist; " + (
            f"did you mean {' or '.join(near)}?" if near else "`explain` without a code lists all"))
    show(arguments, _as_json(code), _as_text(code))
    return 0


def _as_json(code: str) -> dict[str, str]:
    wrong, right = EXAMPLES[code]
    return {
        "code": code,
        "cause": CODES[code].cause,
        "cure": CODES[code].fix,
        "wrong": wrong,
        "right": right,
    }


def _as_text(code: str) -> str:
    wrong, right = EXAMPLES[code]
    return "\n".join(
        [
            code,
            f"  cause: {CODES[code].cause}",
            f"  fix:  {CODES[code].fix}",
            "",
            "  wrong:",
            indent(wrong, "    "),
            "  right:",
            indent(right, "    "),
        ]
    )
