"""Walks, measures, copies and removes untrusted directories through handles.

The process that filled a directory may have nested it thousands of levels deep, removed its
permissions, or may still write to it. Rules:

* System calls get single names below the directory, never longer paths. Links are never followed.
* At most three handles are open, however deep the tree is, and nothing recurses.
* A step up must arrive where the step down began, so a directory that is moved meanwhile cannot
  lead out of the tree.

`run/outputs.py` decides what the directory may contain. What is removed loses the append-only and
immutable flags first. This package cannot undo a mount, which only root can make.
"""

from platform.trees.changing import copy, empty, remove, remove_at
from platform.trees.handles import (
    clear_flags,
    clear_flags_at,
    drop_attributes,
    open_directory,
    open_file,
    opened_directory,
    set_mode,
)
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
    "clear_flags",
    "clear_flags_at",
    "copy",
    "drop_attributes",
    "empty",
    "measure",
    "open_directory",
    "open_file",
    "opened_directory",
    "paths",
    "remove",
    "remove_at",
    "set_mode",
    "walk",
]
