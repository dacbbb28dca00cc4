"""Values and words as they stand in a YAML file that a person goes on writing."""
from typing import Any

import yaml

from platform.model.characters import replaced
from platform.model.words import shortened

LONGEST_REMARK = 90
GIT_ATTRIBUTES = b"""# Git converts nothing here: what is digested is bytes, and other bytes would be other work.
* -text
"""


def flow(value: Any) -> str:
    """A value in one line of YAML, quoted where a reader could take it for something else."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


def remark(text: str) -> str:
    """A description as a comment behind a value: one short line."""
    return replaced(shortened(" ".join(text.split()), LONGEST_REMARK), by=" ")


def with_remark(line: str, text: str) -> str:
    """A line with its comment, or without one."""
    return f"{line}  # {remark(text)}" if text.strip() else line
