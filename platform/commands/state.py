"""`state init | hydrate | publish | verify`: the billing state shared in a release (docs/howto/share-the-ledger.md)."""
import argparse
import sys

from platform.app.session import Session
from platform.commands.common import add_json, add_places, open_session, show
from platform.commands.parser import Parser
from platform.commands.posting import must_read, plain_texts
from platform.errors import ConflictError, ForbiddenError, UsageError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.loss import loss
from platform.model.words import counted
from platform.state.hydrate import hydrate
from platform.state.publish import Published, initialise, publish
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
    session = open_session(arguments)
    must_read(session, session.options.runtime_profile)
    if arguments.act is None:
        return _accept_loss(arguments, session)
    release = session.sharing.opened()
    if isinstance(release, str):
        raise ForbiddenError(f"{arguments.runtime_profile}: the billing state is not shared, {release}; see "
                             "docs/howto/share-the-ledger.md")
    return int(arguments.act(arguments, session, release))


def _init(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    done = initialise(session.sharing.local(), release)
    lines = [*published_lines(done), _to_pin(session, done)]
    show(arguments, published_json(done), shortened(lines, session.root))
    return 0


def _hydrate(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    """11 when a post of ours could not be posted again."""
    done = hydrate(session.sharing.local(), release)
    session.guard.check()
    lines = hydrated_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    if done.ahead:
        lines.append(f"{counted(done.ahead, 'post')} not published yet; `state publish` or the next run does")
    show(arguments, hydrated_json(done), shortened(lines, session.root))
    return ConflictError.exit_status if done.lost else 0


def _publish(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    done = publish(session.sharing.local(), release, renew=arguments.renew)
    session.guard.check()
    lines = published_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    show(arguments, published_json(done), shortened([*lines, _to_pin(session, done)], session.root))
    return ConflictError.exit_status if done.hydrated and done.hydrated.lost else 0


def _to_pin(session: Session, done: Published) -> str:
    return f"to pin it, in billing_state of {session.options.runtime_profile}: {done.pin}"


def _accept_loss(arguments: argparse.Namespace, session: Session) -> int:
    """Post what is given up, and remember the state as it is now."""
    plain_texts({"--note": arguments.note})
    if not arguments.note.strip():
        raise UsageError("--note is empty; say why what is lost cannot be restored")
    session.take_lock()
    try:
        if text := session.sharing.hydrate():
            sys.stderr.write(f"{text}\n")
        heads, unpaid = session.guard.lost()
        if heads or unpaid:
            session.ledger = Ledger.create(session.billing_state_dir)
            known = [{"ledger_id": head.ledger_id, "seq": head.seq, "hash": head.hash}
                     for head in dict.fromkeys(head._replace(state_dir="") for head in heads)]
            post = loss(arguments.note, known, [record.task_hash for record in unpaid])
            session.ledger.post(lambda book: (post,))
            session.guard.memory(make=True).replace(session.ledger, durable=True)
    finally:
        session.close()
    lost = max((head.seq for head in heads), default=0)
    told = (f"billing state: continues without {f'posts up to {lost} that this machine acknowledged' if lost else ''}"
            f"{' and ' if lost and unpaid else ''}"
            f"{f'the charges of {counted(len(unpaid), _STEP)}, which the next run charges again' if unpaid else ''}"
            "; post each lost top-up by hand again, with its reference")
    show(arguments, {"accepted": bool(heads or unpaid), "heads": len(heads), "unpaid_steps": len(unpaid)},
         told if heads or unpaid else "nothing is lost, nothing was posted")
    return max(session.exit_statuses, default=0)


def _verify(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    verdict = verify(session.sharing.local(), release)
    show(arguments, verdict_json(verdict), shortened(verdict_lines(verdict), session.root))
    return verdict.status
