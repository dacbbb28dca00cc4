"""The form in which the user called the tool, `platform` or `python -m platform.cli`, for hints."""
import sys
from pathlib import PurePath

SCRIPT = "platform"
MODULE = "python -m platform.cli"  # also under doit and for the files of scripts/


def program() -> str:
    """The words that begin a command line of the tool, as they began this process."""
    return SCRIPT if PurePath(sys.argv[0]).name == SCRIPT else MODULE


def command(words: str) -> str:
    """A command line that the user can type. Every message that names one gets it here."""
    return f"{program()} {words}"
