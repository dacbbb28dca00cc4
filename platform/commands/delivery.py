"""`delivery settle TASK`: post a person's decision about a delivery that waits.

See docs/howto/settle-a-delivery.md."""
import argparse
import getpass
import socket

from platform.app.decide import DecisionAsked, decide
from platform.commands.common import add_json, add_places, open_run, show
from platform.commands.parser import Parser
from platform.commands.posting import acted
from platform.errors import UsageError
from platform.model.task_name import step_task
from platform.model.words import in_credits

WORDS = {"arrived": "it arrived; the next run completes it and sends nothing",
         "resend": "one more attempt is allowed; the next run makes it",
         "refund": "refunded; it is not charged or sent again until `doit run --retry-failed` or a "
                   "changed order"}


def add_arguments(parser: Parser) -> None:
    command = parser.add_command("settle", "decide that a delivery arrived, is sent again, or is "
                                           "refunded")
    command.add_argument(
        "task", metavar="TASK", help="step:TENANT/ORDER/STEP, or TENANT/ORDER/STEP"
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--arrived", dest="decision", action="store_const", const="arrived",
                      help="the receiver has it, or the delivery before a repair remains valid")
    what.add_argument(
        "--resend",
        dest="decision",
        action="store_const",
        const="resend",
        help="allow one more attempt",
    )
    what.add_argument("--refund", dest="decision", action="store_const", const="refund",
                      help="refund the step's charge; send nothing")
    command.add_argument("--note", required=True, metavar="TEXT",
                         help="how you know; the ledger keeps this note")
    add_places(command)
    add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the decision is posted, or the same decision was posted before.
    * 11: another decision was posted before.
    * 2: there is nothing to settle."""
    if not arguments.note.strip() or any(ord(mark) < 32 for mark in arguments.note):
        raise UsageError("--note is empty or contains a control character; write in one line how "
                         "you know")
    run = open_run(arguments)
    asked = DecisionAsked(
        arguments.task,
        arguments.decision,
        user(),
        arguments.note.strip(),
    )
    done = acted(run, lambda: decide(run, asked), lambda decided: f"decision about {decided.step}")
    back = f", {in_credits(done.refunded_credits)} refunded" if done.refunded_credits else ""
    before = "" if done.posted else ", decided before, nothing changed"
    show(
        arguments,
        {
            "task": step_task(done.step),
            "decision": arguments.decision,
            "posted": done.posted,
            "by": done.by,
            "at": done.at,
            "note": done.note,
            "refunded_credits": done.refunded_credits,
        },
        f"settled      {done.step}  {arguments.decision}{back}{before}: "
        f"{WORDS[arguments.decision]}",
    )
    return max(run.statuses, default=0)


def user() -> str:
    """Who runs this command, for the ledger."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"
