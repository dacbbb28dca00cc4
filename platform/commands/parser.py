"""argparse with our manners: one line that says what is wrong, the name that was probably meant, exit status 2.

An unknown option is told before a missing one: whoever mistypes `--tenant-id` should not read that it is required.
"""
import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from platform.check.words import nearest
from platform.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A command or a command of commands; UsageError where argparse would print its usage and exit."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **keywords})
        self.commands: dict[str, Parser] = {}  # what `add_command` has added

    def add_command(self, name: str, purpose: str) -> "Parser":
        """A command below this one; what it runs is its own default `run`."""
        if not self.commands:
            self._below = self.add_subparsers(metavar="COMMAND", required=True, dest="command")
        self.commands[name] = self._below.add_parser(name, help=purpose, description=purpose)
        return self.commands[name]

    def actions(self) -> list[argparse.Action]:
        """What this parser itself takes, in the order it was added."""
        return list(self._actions)

    def options(self) -> list[str]:
        """The options with two dashes, in the order they were added."""
        return [name for action in self._actions for name in action.option_strings if name.startswith("--")]

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, after looking for what is mistyped."""
        self._spelling(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def _spelling(self, words: Sequence[str]) -> None:
        for word in words:
            if not word.isascii() and word.encode(errors="replace") != word.encode(errors="surrogateescape"):
                raise UsageError(f"{word!r} is not UTF-8; write it in the terminal's own encoding as text")
        for word in words:
            if word == "--":
                return
            name = word.partition("=")[0]
            if name.startswith("--") and name not in self.options():
                raise UsageError(f"{self.prog} has no option {name}; {self._cure(name, self.options())}")
            if self.commands and not word.startswith("-"):
                if word not in self.commands:
                    raise UsageError(f"{self.prog} has no command {word!r}; {self._cure(word, self.commands)}")
                return  # the rest is that command's

    def _cure(self, name: str, names: Sequence[str] | dict[str, "Parser"]) -> str:
        near = nearest(name, names)
        return f"did you mean {near}?" if near else f"see {self.prog} --help"

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")
