"""doit for a workspace: doit's own program with our loader, our `run` and our store.

doit finds plugins by entry points that are global: a `run` of ours would replace the `run` of every
project in the environment. So a doit that works in a workspace starts this program in its place:

* when its configuration says `loader = "platform"` (`_platform_boot.Loader`), before it parses the
  command line; the workspace's doit.cfg or pyproject.toml says so;
* else when it reads dodo.py (`_platform_boot.ready`). Then it has parsed the command line already,
  and does not know the options that only our `run` has.
"""
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import doit.loader
from doit.cmdparse import CmdParseError
from doit.doit_cmd import DoitMain
from doit.plugin import PluginDict, PluginEntry

from platform.doit_plugin.adapter import long_options, parse_error
from platform.doit_plugin.command import RunCommand
from platform.doit_plugin.loader import Loader

FOR_ANY_DOIT = "doit.cmd_base:DodoTaskLoader"  # in a workspace, for a doit without our plugin
STORE = "platform.doit_plugin.backend:Backend"


class Main(DoitMain):  # type: ignore[misc]  # doit has no types
    """One command line of doit in a workspace."""

    def __init__(self, loader: Loader, **options: Any) -> None:
        super().__init__(loader, extra_config={"BACKEND": {"durable": STORE}}, **options)

    def get_cmds(self) -> PluginDict:
        commands = super().get_cmds()
        for command in self.DOIT_CMDS:
            commands[command.get_name()] = _briefly(command)
        commands[RunCommand.name] = RunCommand
        return commands


def _briefly(command: Any) -> type:
    """A command of doit that says in one line which option it does not know, and which was meant.
    """

    class Brief(command):  # type: ignore[misc]  # doit has no types
        name = command.get_name()

        def parse_execute(self, in_args: list[str]) -> Any:
            try:
                return super().parse_execute(in_args)
            except CmdParseError as error:
                raise CmdParseError(parse_error(error, long_options(self))) from None

    return Brief


def instead(dodo: Path | None = None) -> None:
    """Run the command line of the doit that is calling, with our program, and exit with its status.
    `dodo`: the dodo.py that this doit is importing. Returns if the doit that is calling is our
    program already, or if none is."""
    calling = _calling(sys._getframe(1))
    if calling is None or isinstance(calling.f_locals["self"].task_loader, Loader):
        return
    if dodo is None:
        loader = Loader()
    else:
        sys.modules.pop(dodo.stem, None)  # our program imports it again
        loader = Loader(dodo=dodo, here=Path(doit.loader.initial_workdir))
    raise SystemExit(Main(loader).run(calling.f_locals["all_args"]))


def loader() -> object:
    """doit's plugin: the loader that the configuration calls `platform`. In a workspace this does
    not return. Entry points go before the configuration, so a project that gives a loader of its
    own this name gets it here."""
    calling = _calling(sys._getframe(1))
    named = calling.f_locals["self"].config["LOADER"] if calling else {}
    location = named.get("platform", FOR_ANY_DOIT)
    if location == FOR_ANY_DOIT:
        instead()
    return PluginEntry("LOADER", "platform", location).get()()


def _calling(frame: FrameType | None) -> FrameType | None:
    """The frame of the innermost doit program: only it knows its command line."""
    code: Any = DoitMain.run.__code__
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame
