"""Directories that somebody else filled: walked, measured, copied and removed through handles.

Whoever filled one may have nested it thousands of levels deep, taken its modes away, or may still be writing to it.
Rules: the kernel is never given a path of more than one name below the directory; links are never followed; at
most three handles are open, however deep the tree is; nothing recurses; going up is checked to arrive where going
down began, so that a directory that is moved away meanwhile leads nobody out of the tree.

What it does not know: what may be in the directory (run/outputs.py), and how to undo an immutable flag or a mount,
which only root can set.
"""

from platform.trees.changing import copy, empty, remove, remove_at
from platform.trees.handles import drop_attributes, open_directory, open_file, opened, set_mode
from platform.trees.walking import (
    LONGEST_PATH,
    MOST_DEPTH,
    MOST_ENTRIES,
    MOST_NAMES,
    Below,
    TooMuch,
    TreeEntry,
    measure,
    paths,
    walk,
)

__all__ = [
    "LONGEST_PATH",
    "MOST_DEPTH",
    "MOST_ENTRIES",
    "MOST_NAMES",
    "Below",
    "TooMuch",
    "TreeEntry",
    "copy",
    "drop_attributes",
    "empty",
    "measure",
    "open_directory",
    "open_file",
    "opened",
    "paths",
    "remove",
    "remove_at",
    "set_mode",
    "walk",
]
