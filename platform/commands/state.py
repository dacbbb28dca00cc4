"""`state init | hydrate | publish | verify`: share the billing state in a release.

`state accept-loss` accepts lost posts. See docs/howto/share-the-ledger.md."""
import argparse
import sys

from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_run, open_workspace, show
from platform.commands.parser import Parser
from platform.commands.posting import must_read, plain_texts
from platform.errors import ConflictError, ForbiddenError, UsageError
from platform.ledger.rules.loss import loss
from platform.model.words import counted
from platform.state.hydrate import hydrate
from platform.state.publish import PublishedState, initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from platform.state.views import (
    hydrated_json,
    hydrated_lines,
    published_json,
    published_lines,
    shortened,
    verdict_json,
    verdict_lines,
)

_STEP = "step"


def add_arguments(parser: Parser) -> None:
    for name, purpose, act in (
            ("init", "create the release from the local state; refuse if one exists", _init),
            ("hydrate", "update the local state from the release", _hydrate),
            ("publish", "update the release from the local state", _publish),
            ("verify", "check every manifest and segment of the release, and compare the local "
                       "state with it", _verify)):
        command = parser.add_command(name, purpose)
        add_places(command)
        add_json(command)
        command.set_defaults(act=act)
        if name == "publish":
            command.add_argument("--renew", action="store_true",
                                 help="publish even if the newest generation has expired; check "
                                      "first that it is the newest")

    command = parser.add_command("accept-loss",
                                 "continue without posts that this machine knew (14)")
    add_places(command)
    add_json(command)
    command.add_argument("--note", required=True, metavar="TEXT",
                         help="why the posts cannot be restored")
    command.set_defaults(act=None)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 17 if the profile does not share the state, or its store cannot be opened.
    `accept-loss` works for every state."""
    if arguments.act is None:
        return _accept_loss(arguments)
    run = open_run(arguments)
    must_read(run, run.workspace.options.runtime_profile)
    release = run.sharing.opened()
    if isinstance(release, str):
        raise ForbiddenError(
            f"{arguments.runtime_profile}: the billing state is not shared, {release}; see "
            "docs/howto/share-the-ledger.md"
        )
    return int(arguments.act(arguments, run, release))


def _init(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    run.guard.check()
    done = initialise(run.sharing.local(), release)
    lines = [*published_lines(done), _to_pin(run, done)]
    show(arguments, published_json(done), shortened(lines, run.workspace.root))
    return 0


def _hydrate(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    """Exit status: 11 if a local post could not be posted again."""
    done = hydrate(run.sharing.local(), release)
    run.guard.check()
    lines = hydrated_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    if done.ahead:
        lines.append(f"{counted(done.ahead, 'post')} not published yet; `state publish` or the "
                     "next run publishes")
    show(arguments, hydrated_json(done), shortened(lines, run.workspace.root))
    return ConflictError.exit_status if done.lost else 0


def _publish(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    done = publish_state(run.sharing.local(), release, renew=arguments.renew)
    run.guard.check()
    lines = published_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    show(
        arguments, published_json(done), shortened([*lines, _to_pin(run, done)], run.workspace.root)
    )
    return ConflictError.exit_status if done.hydrated and done.hydrated.lost else 0


def _to_pin(run: Run, done: PublishedState) -> str:
    return f"to pin it, in billing_state of {run.workspace.options.runtime_profile}: {done.pin}"


def _accept_loss(arguments: argparse.Namespace) -> int:
    """Post the accepted loss, and remember the state as it is now."""
    plain_texts({"--note": arguments.note})
    if not arguments.note.strip():
        raise UsageError("--note is empty; say why the lost posts cannot be restored")
    run = Run.locked(open_workspace(arguments), alone=True)  # it judges all records
    try:
        must_read(run, run.workspace.options.runtime_profile)
        if text := run.sharing.hydrate():
            sys.stderr.write(f"{text}\n")
        heads, unpaid = run.guard.lost()
        if heads or unpaid:
            run.billing.create()
            known = [{"ledger_id": head.ledger_id, "seq": head.seq, "hash": head.hash}
                     for head in dict.fromkeys(head._replace(state_dir="") for head in heads)]
            post = loss(arguments.note, known, [record.task_hash for record in unpaid])
            run.billing.ledger.post(lambda book: (post,))
            run.guard.memory(make=True).replace(run.billing.ledger, durable=True)
    finally:
        run.close()
    lost = max((head.seq for head in heads), default=0)
    steps = counted(len(unpaid), _STEP)
    text = (
        "billing state: continues without "
        f"{f'posts up to {lost} that this machine acknowledged' if lost else ''}"
        f"{' and ' if lost and unpaid else ''}"
        f"{f'the charges of {steps}, which the next run charges again' if unpaid else ''}"
        "; post each lost top-up by hand again, with its reference"
    )
    show(
        arguments,
        {"accepted": bool(heads or unpaid), "heads": len(heads), "unpaid_steps": len(unpaid)},
        text if heads or unpaid else "nothing is lost; nothing was posted",
    )
    return max(run.statuses, default=0)


def _verify(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    verdict = verify_state(run.sharing.local(), release)
    show(arguments, verdict_json(verdict), shortened(verdict_lines(verdict), run.workspace.root))
    return verdict.status
