"""Values, comments and headers in a generated YAML file that a person will edit."""
import re
from typing import Any

import yaml

from platform.model.characters import replaced
from platform.model.words import shortened

LONGEST_REMARK = 90
GIT_ATTRIBUTES = b"""# Git must not convert line ends: other bytes have another digest.
* -text
"""
# The line by which editors find a file's schema: beside the file, `schemas/` in a checkout of the
# tool and `.platform/schemas/<version>/` in a workspace.
_HEADER = re.compile(
    r"^(# yaml-language-server: \$schema=(?:\.\./)*)(?:\.platform/)?schemas/(?:[^/\s]+/)?"
    r"([a-z_]+\.schema\.json)", re.MULTILINE)


def with_schemas(text: str, schemas: str) -> str:
    """The text with a header that leads to `schemas`, a directory relative to the workspace. A text
    without such a header is unchanged."""
    return _HEADER.sub(rf"\g<1>{schemas}/\g<2>", text, count=1)


def schema_in(text: str) -> str:
    """The file name of the schema in the text's header; empty without a header."""
    found = _HEADER.search(text)
    return found[2] if found else ""


def flow(value: Any) -> str:
    """A value in one line of YAML, with quotes if it needs them."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("...").strip()


def remark(text: str) -> str:
    """A description as the text of a comment after a value: one short line."""
    return replaced(shortened(" ".join(text.split()), LONGEST_REMARK), by=" ")


def with_remark(line: str, text: str) -> str:
    """A line with its comment, or without one."""
    return f"{line}  # {remark(text)}" if text.strip() else line
