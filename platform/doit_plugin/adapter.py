"""What this plugin needs of doit that doit does not publish.

tests/doit_plugin/test_adapter.py fails where a new doit breaks one of them.
"""
from collections.abc import Mapping

from doit import doit_cmd

LAST_KEY = "deps:"  # the last key that `Dependency.save_success` writes of a task


def command_line_variables() -> Mapping[str, str]:
    """All `name=value` words of doit's command line. `doit.get_var` gives one whose name is
    known; an unknown one has to be found, because a mistyped name must not run on the real
    state."""
    return dict(doit_cmd._CMDLINE_VARS or {})


def parse_error(error: Exception) -> str:
    """What is wrong with the options, without the list of all options that doit's message ends
    with."""
    return str(error).partition(" (parsing options")[0].removeprefix("Error parsing Command: ")
