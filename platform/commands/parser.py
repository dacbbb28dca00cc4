"""argparse with PLATFORM's error messages: one line with the fault and a suggestion, exit status 2.

An unknown option is reported before a missing one. Otherwise, a user who mistypes `--tenant-id`
would only read that `--tenant-id` is required.
"""
import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from platform.check.words import nearest
from platform.errors import UsageError


class Parser(argparse.ArgumentParser):
    """The parser of a command or of a group of commands.

    It raises UsageError where argparse prints its usage and exits."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **keywords})
        self.commands: dict[str, Parser] = {}  # the subcommands, by name

    def add_command(self, name: str, purpose: str) -> "Parser":
        """Add a subcommand. Its default `run` is the function that it runs."""
        if not self.commands:
            self._below = self.add_subparsers(metavar="COMMAND", required=True, dest="command")
        self.commands[name] = self._below.add_parser(name, help=purpose, description=purpose)
        return self.commands[name]

    def actions(self) -> list[argparse.Action]:
        """The arguments of this parser, in the order in which they were added."""
        return list(self._actions)

    def options(self) -> list[str]:
        """The options with two dashes, in the order in which they were added."""
        return [
            name
            for action in self._actions
            for name in action.option_strings
            if name.startswith("--")
        ]

    def _valued(self) -> set[str]:
        """The options that take a value, as words."""
        return {name for action in self._actions if action.nargs != 0
                for name in action.option_strings}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The same as argparse, after a check for mistyped names."""
        self._spelling(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def _spelling(self, words: Sequence[str]) -> None:
        for word in words:
            if not word.isascii() and word.encode(errors="replace") != word.encode(
                errors="surrogateescape"
            ):
                raise UsageError(f"{word!r} is not UTF-8; set the terminal's encoding to UTF-8 and "
                                 "type it again")
        rest = iter(words)
        for word in rest:
            if word == "--":
                return
            if self.commands and word in self._valued():
                next(rest, "")  # the value of an option before the command, such as -C DIR
                continue
            name = word.partition("=")[0]
            if name.startswith("--") and name not in self.options():
                raise UsageError(f"{self.prog} has no option {name}; "
                                 f"{self._hint(name, self.options())}")
            if self.commands and not word.startswith("-"):
                if word not in self.commands:
                    raise UsageError(f"{self.prog} has no command {word!r}; "
                                     f"{self._hint(word, self.commands)}")
                return  # the subcommand parses the rest

    def _hint(self, name: str, names: Sequence[str] | dict[str, "Parser"]) -> str:
        near = nearest(name, names)
        return f"did you mean {near}?" if near else f"see {self.prog} --help"

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")
