"""What this plugin needs of doit that doit does not publish.

tests/doit_plugin/test_adapter.py fails where a new doit breaks one of them.
"""
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any

from doit import doit_cmd

from platform.check.words import nearest

LAST_KEY = "deps:"  # the last key that `Dependency.save_success` writes of a task


def command_line_variables() -> Mapping[str, str]:
    """All `name=value` words of doit's command line. `doit.get_var` gives one whose name is
    known; an unknown one has to be found, because a mistyped name must not run on the real
    state."""
    return dict(doit_cmd._CMDLINE_VARS or {})


def commands_meant(word: str) -> list[str]:
    """doit's commands, if the word is where a command line has its command; otherwise none."""
    typed = [each for each in sys.argv[1:] if not each.startswith("-") and "=" not in each]
    names = [command.get_name() for command in doit_cmd.DoitMain.DOIT_CMDS]
    return names if typed[:1] == [word] else []


def long_options(command: Any) -> list[str]:
    """The options with two dashes of a command of doit."""
    return [f"--{option.long}" for option in command.cmdparser.options if option.long]


def parse_error(error: Exception, options: Collection[str]) -> str:
    """What is wrong with the options, without the list of all options that doit's message ends
    with, and the option that was probably meant."""
    text = _without_list(error)
    unknown = re.search(r"option (--\S+) not recognized", text)
    near = nearest(unknown[1], options) if unknown else ""
    return f"{text}; did you mean {near}?" if near else text


def _without_list(error: Exception) -> str:
    return str(error).partition(" (parsing options")[0].removeprefix("Error parsing Command: ")
