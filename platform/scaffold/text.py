"""Values and comments in a generated YAML file that a person will edit."""
from typing import Any

import yaml

from platform.model.characters import replaced
from platform.model.words import shortened

LONGEST_REMARK = 90
GIT_ATTRIBUTES = b"""# Git must not convert line ends: other bytes have another digest.
* -text
"""


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
