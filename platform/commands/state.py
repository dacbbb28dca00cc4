"""`state init | hydrate | publish | verify`: the billing state shared in a release (docs/howto/share-the-ledger.md)."""
import argparse

from platform.commands.common import add_json, add_places, open_session, show
from platform.commands.parser import Parser
from platform.commands.posting import must_read
from platform.errors import ConflictError, ForbiddenError
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
from platform.tasks.session import Session


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


def run(arguments: argparse.Namespace) -> int:
    """17 when the profile shares no state, or its store cannot be opened."""
    session = open_session(arguments)
    must_read(session, session.options.runtime_profile)
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
    lines = hydrated_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    if done.ahead:
        lines.append(f"{counted(done.ahead, 'post')} not published yet; `state publish` or the next run does")
    show(arguments, hydrated_json(done), shortened(lines, session.root))
    return ConflictError.exit_status if done.lost else 0


def _publish(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    done = publish(session.sharing.local(), release, renew=arguments.renew)
    lines = published_lines(done) or [f"billing state: generation {done.generation}, nothing new"]
    show(arguments, published_json(done), shortened([*lines, _to_pin(session, done)], session.root))
    return ConflictError.exit_status if done.hydrated and done.hydrated.lost else 0


def _to_pin(session: Session, done: Published) -> str:
    return f"to pin it, in billing_state of {session.options.runtime_profile}: {done.pin}"


def _verify(arguments: argparse.Namespace, session: Session, release: Release) -> int:
    verdict = verify(session.sharing.local(), release)
    show(arguments, verdict_json(verdict), shortened(verdict_lines(verdict), session.root))
    return verdict.status
