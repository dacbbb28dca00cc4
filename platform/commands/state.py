"""`state init | hydrate | publish | verify`: the billing state shared in a release (docs/howto/share-the-ledger.md)."""
import argparse
import sys

from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_run, show
from platform.commands.parser import Parser
from platform.commands.posting import must_read, plain_texts
from platform.errors import ConflictError, ForbiddenError, UsageError
from platform.ledger.rules.loss import loss
from platform.model.words import counted
from platform.state.hydrate import hydrate
from platform.state.publish import PublishedState, initialise, publish
from platform.state.remote import Release
from platform.state.verify import verify
from platform.state.words import (
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
            ("init", "make the release from the local state; refuses where there is one", _init),
            ("hydrate", "bring the local state up to the release", _hydrate),
            ("publish", "bring the release up to the local state", _publish),
            ("verify", "every manifest and segment of the release again, and the local state against it", _verify)):
        command = parser.add_command(name, purpose)
        add_places(command)
        add_json(command)
        command.set_defaults(act=act)
        if name == "publish":
            command.add_argument("--renew", action="store_true",
                                 help="also when the newest generation expired: you looked, and it is the newest")


    command = parser.add_command("accept-loss", "go on with a state that lacks posts which this machine knew (14)")
    add_places(command)
    add_json(command)
    command.add_argument("--note", required=True, metavar="TEXT", help="why they cannot be restored")
    command.set_defaults(act=None)


def run(arguments: argparse.Namespace) -> int:
    """17 when the profile shares no state, or its store cannot be opened; `accept-loss` is for every state."""
    run = open_run(arguments)
    must_read(run, run.workspace.options.runtime_profile)
    if arguments.act is None:
        return _accept_loss(arguments, run)
    release = run.sharing.opened()
    if isinstance(release, str):
        raise ForbiddenError(f"{arguments.runtime_profile}: the billing state is not shared, {release}; see "
                             "docs/howto/share-the-ledger.md")
    return int(arguments.act(arguments, run, release))


def _init(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    run.guard.check()
    done = initialise(run.sharing.local(), release)
    lines = [*published_lines(done), _to_pin(run, done)]
    show(arguments, published_json(done), shortened(lines, run.workspace.root))
    return 0


def _hydrate(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    """11 when a post of ours could not be posted again."""
    done = hydrate(run.sharing.local(), release)
    run.guard.check()
    lines = hydrated_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    if done.ahead:
        lines.append(f"{counted(done.ahead, 'post')} not published yet; `state publish` or the next run does")
    show(arguments, hydrated_json(done), shortened(lines, run.workspace.root))
    return ConflictError.exit_status if done.lost else 0


def _publish(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    done = publish(run.sharing.local(), release, renew=arguments.renew)
    run.guard.check()
    lines = published_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    show(arguments, published_json(done), shortened([*lines, _to_pin(run, done)], run.workspace.root))
    return ConflictError.exit_status if done.hydrated and done.hydrated.lost else 0


def _to_pin(run: Run, done: PublishedState) -> str:
    return f"to pin it, in billing_state of {run.workspace.options.runtime_profile}: {done.pin}"


def _accept_loss(arguments: argparse.Namespace, run: Run) -> int:
    """Post what is given up, and remember the state as it is now."""
    plain_texts({"--note": arguments.note})
    if not arguments.note.strip():
        raise UsageError("--note is empty; say why what is lost cannot be restored")
    run = Run.locked(run.workspace)
    try:
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
    told = (f"billing state: continues without {f'posts up to {lost} that this machine acknowledged' if lost else ''}"
            f"{' and ' if lost and unpaid else ''}"
            f"{f'the charges of {counted(len(unpaid), _STEP)}, which the next run charges again' if unpaid else ''}"
            "; post each lost top-up by hand again, with its reference")
    show(arguments, {"accepted": bool(heads or unpaid), "heads": len(heads), "unpaid_steps": len(unpaid)},
         told if heads or unpaid else "nothing is lost, nothing was posted")
    return max(run.statuses, default=0)


def _verify(arguments: argparse.Namespace, run: Run, release: Release) -> int:
    verdict = verify(run.sharing.local(), release)
    show(arguments, verdict_json(verdict), shortened(verdict_lines(verdict), run.workspace.root))
    return verdict.status
