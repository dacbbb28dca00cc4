"""Starts doit in this process, with the places of a command line."""
import argparse
import os
from collections.abc import Collection, Mapping, Sequence

from platform.commands.common import options, root
from platform.model.ids import StepId

_NO_STEPS: frozenset[StepId] = frozenset()
_NOTHING: Mapping[str, str] = {}


def launch(
    arguments: argparse.Namespace,
    tasks: Sequence[str],
    flags: Sequence[str] = (),
    variables: Mapping[str, str] = _NOTHING,
    retry: Collection[StepId] = _NO_STEPS,
) -> int:
    """`doit run` in the workspace of the command line; its exit status.

    Args:
        tasks: names or patterns of tasks; none for the default ones.
        flags: options of `doit run`.
        variables: more variables than those of the places.
        retry: steps that are tried again although they wait because they failed twice, were
            cancelled or were refunded by a decision.
    """
    from platform.doit_plugin.loader import Loader
    from platform.doit_plugin.main import Main

    places, workspace = options(arguments), root(arguments)
    every = {
        "runtime_profile": places.runtime_profile,
        "billing_state_dir": places.billing_state_dir,
        "runtime_dir": places.runtime_dir,
        **variables,
    }
    words = [f"{name}={value}" for name, value in every.items() if value]
    os.chdir(workspace)
    return int(Main(Loader(workspace, retry=retry), config_filenames=()).run(
        ["run", *flags, *words, *tasks]))
