"""Reads the command line before anything else: only what was asked for is loaded and planned.

One loader is one doit command. It opens the workspace, makes the run, and hands both to everything
that doit creates.
"""
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidCommand

from platform.app.holding import Allowed
from platform.app.place import must_be_named
from platform.app.run import Asked, Run
from platform.app.unknown_task import no_such_task, no_such_word
from platform.app.workspace import Options, Workspace, must_run_own_code
from platform.console.reporter import Reporter
from platform.doit_plugin import graph
from platform.doit_plugin.adapter import command_line_variables, commands_meant
from platform.doit_plugin.checker import checker
from platform.doit_plugin.passes import Passes
from platform.doit_plugin.selection import (
    is_wild,
    orders_asked_for,
    orders_bought,
    orders_to_publish,
    steps_asked_for,
    task_meant,
)
from platform.errors import PlatformError, UsageError
from platform.lacking import complete
from platform.model.characters import printable
from platform.model.ids import OrderId, StepId
from platform.model.task_name import GROUPS, TaskKind, kind_of, order_task, step_task

_EXPANDS = ("run", "clean")  # the commands of doit that expand wildcards themselves


class Loader(DodoTaskLoader):  # type: ignore[misc]  # doit has no types
    """For `doit run` it also shares the runtime directory's lock, and lets steps and publications
    that are asked for end in their order's settlement."""

    def __init__(
        self,
        root: Path | None = None,
        *,
        dodo: Path | None = None,
        here: Path | None = None,
        retry: Collection[StepId] = (),
    ) -> None:
        """
        Args:
            root: the workspace of a command that has found it; None for doit, which finds dodo.py
                itself.
            dodo: the dodo.py that doit has found already; its directory is the working directory.
            here: the directory in which doit was started; None: the working directory.
            retry: steps that are tried again although they wait (`Allowed.retry_steps`).
        """
        super().__init__()
        self._found, self._dodo, self._here = root, dodo, here or Path.cwd()
        self._retry = frozenset(retry)
        self.made: Run | None = None  # once the tasks are loaded
        self.passes = Passes()
        self.reporter: Reporter | None = None  # of the last pass

    @property
    def run(self) -> Run:
        """The run of this command; RuntimeError before the tasks are loaded."""
        if self.made is None:
            raise RuntimeError("doit has not loaded the tasks yet")
        return self.made

    def setup(self, opt_values: Any) -> None:
        try:
            with complete():
                super().setup(self._pinned(opt_values))
                root = Path(self.namespace["__file__"]).parent
                if self._found is None:
                    must_be_named(root, os.environ, self._here)
                must_run_own_code(root)
                self.workspace = Workspace.open(root, options(command_line_variables()))
        except PlatformError as error:  # doit would show a traceback
            sys.stderr.write(f"{printable(str(error))}\n")
            raise SystemExit(error.exit_status) from None

    def _pinned(self, opt_values: Any) -> Any:
        if self._dodo is None:
            return opt_values
        return {"dodoFile": str(self._dodo), "cwdPath": str(Path.cwd()), "seek_file": False}

    def load_doit_config(self) -> dict[str, Any]:
        """What the graph needs of doit; a DOIT_CONFIG in dodo.py goes above it."""
        loader = self

        class OfThisRun(Reporter):
            def __init__(self, outstream: Any, _options: dict[str, Any]) -> None:
                super().__init__(loader.run, outstream, loader.reporter)
                loader.reporter = self

        return {
            "default_tasks": graph.DEFAULT_TASKS,
            "backend": "durable",  # doit_plugin/backend.py, which `main` names
            "dep_file": str(self.workspace.runtime_dir / "doit.db"),
            "check_file_uptodate": checker(
                self.workspace.root, lambda: self.run.snapshot.caches.digests
            ),
            "reporter": OfThisRun,
            "continue": True,  # one tenant's failure never stops another's order
            "par_type": "thread",  # actions wait for child processes; `doit run -n 4`
            **super().load_doit_config(),
        }

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        with complete():
            return self._loaded(cmd, pos_args)

    def _loaded(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        orders = list(self.workspace.order_ids()) if pos_args else []
        tenants = {order.tenant_id for order in orders}
        # doit keeps this list: what was typed becomes the names of tasks in place
        pos_args[:] = [
            word if word.startswith("-") else task_meant(word, tenants) for word in pos_args
        ]
        words = [word for word in pos_args if not word.startswith("-")]
        if not any(name.startswith("task_") for name in self.namespace):  # dodo.py has no own task
            _must_be_a_word(words)
        always, retry_failed, resend_repaired = (
            bool(getattr(cmd, name, False))
            for name in ("always", "retry_failed", "resend_repaired")
        )
        allowed = Allowed(always, retry_failed, resend_repaired, self._retry)
        asked = Asked(orders_asked_for(words, orders), orders_bought(words, orders), allowed)
        passes, is_first = self.passes, not self.passes.is_later
        if cmd.name == "clean":  # nobody's directories are cleaned under a run
            everything = frozenset(self.workspace.order_ids())
            passes.hold(self.workspace, everything if asked.scope is None else asked.scope)
        elif cmd.execute_tasks and is_first and self.workspace.options.quote:
            from platform.app import quoted  # with the whole report of a quote

            passes.hold(self.workspace, quoted.charged(self.workspace))
        writes = cmd.execute_tasks or cmd.name == "clean"
        begin = passes.begin if writes else Run
        self.made = run = begin(self.workspace, asked)
        asked_steps: Mapping[OrderId, list[str]] = {}
        before: list[str] = []
        if cmd.execute_tasks:
            if self.workspace.options.quote and is_first:
                from platform.app import quoted

                run.sharing.hydrate()  # a quote is held against the state that the run starts from
                quoted.hold(run, self.workspace.options.quote)
            before = [order_task(TaskKind.WORKORDER, order_id)
                      for order_id in orders_to_publish(words, run.snapshot.plan.orders)]
            asked_steps = _asked_steps(run, [*words, *before])
        self.namespace |= graph.creators(run, asked_steps)
        tasks: list[Any] = super().load_tasks(cmd, pos_args)
        if cmd.execute_tasks:
            settling = [order_task(TaskKind.SETTLE, order_id) for order_id in asked_steps]
            named = list(cmd.sel_tasks or ())
            if not is_first:
                named = _of_later_pass(named, tasks)
            cmd.sel_tasks = [*before, *_settled_early(named, settling)] or None
        if is_first:
            _must_exist(run, cmd.name, words, tasks)
        if cmd.name not in _EXPANDS:
            pos_args[:] = [name for word in pos_args for name in _expanded(word, tasks)]
        return tasks


def options(given: Mapping[str, str]) -> Options:
    """Options as doit's variables: `doit run runtime_dir=runtime-e2e
    billing_state_dir=.billing-state-e2e`.

    Raises:
        UsageError: a variable of another name. A mistyped one must not run on the real state.
    """
    known = [field.name for field in fields(Options)]
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise UsageError(f"{unknown[0]}= is no variable of this graph; known: {', '.join(known)}")
    return Options(**{name: value for name, value in given.items() if value})


def _settled_early(named: list[str], settling: list[str]) -> list[str]:
    """The selected tasks, with the settlements before the first `step:`. A settlement comes after
    its steps, and so one order is settled and released before the next one begins."""
    first = next((at for at, name in enumerate(named)
                  if name == TaskKind.STEP or kind_of(name) is TaskKind.STEP), len(named))
    return [*named[:first], *settling, *named[first:]]


def _of_later_pass(named: list[str], tasks: list[Any]) -> list[str]:
    """Those of the selected tasks that are about the orders of this pass."""
    known = {name for task in tasks for name in (task.name, *task.targets)}
    known.discard("check")
    kept = [word for word in named if any(fnmatch(name, word) for name in known)]
    return kept or ["state"]


def _must_be_a_word(words: list[str]) -> None:
    """Refuse a word that cannot be a task or a file, before anything is read or locked."""
    for word in words:
        if word not in GROUPS and not is_wild(word) and not {*word} & {"/", ":", "."}:
            raise InvalidCommand(no_such_word(word, commands_meant(word)))


def _must_exist(run: Run, command: str, words: list[str], tasks: list[Any]) -> None:
    """Refuse a word that names no task and, for `run`, no file."""
    known = [task.name for task in tasks]
    if command == "run":
        known += [target for task in tasks for target in task.targets]
    for word in words:
        if not any(fnmatch(name, word) for name in known):
            raise InvalidCommand(no_such_task(run.snapshot, word))


def _expanded(word: str, tasks: list[Any]) -> list[str]:
    """The names that a pattern matches; a word that is none stays."""
    if not is_wild(word) or any(task.name == word for task in tasks):
        return [word]
    return [task.name for task in tasks if fnmatch(task.name, word)]


def _asked_steps(run: Run, words: list[str]) -> dict[OrderId, list[str]]:
    """The steps that are asked for by order, without the orders that are asked for whole and
    settle by themselves."""
    known = {
        step_task(step.id): step.id
        for order in run.snapshot.plan.orders.values()
        for step in order.steps
    }
    asked: dict[OrderId, list[str]] = {}
    for name in steps_asked_for(words, known):
        step_id: StepId = known[name]
        whole = order_task(TaskKind.WORKORDER, step_id.order)
        if not any(word == TaskKind.WORKORDER or fnmatch(whole, word) for word in words):
            asked.setdefault(step_id.order, []).append(step_id.step_id)
    return asked
