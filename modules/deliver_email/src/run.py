"""Send a package by e-mail. `platform.delivery` has the flow, the mail and SMTP; the profile names
the server or the outbox, and this module brings its list of domains that get no mail."""
from pathlib import Path

from platform.delivery.step import run_delivery

STOPLIST = Path(__file__).resolve().parent.parent / "stoplist.txt"


def stopped_domains(text: str) -> list[str]:
    """The domains of a stop list: one a line; # begins a comment."""
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return [line for line in lines if line]


def run(params, outputs_dir):
    domains = stopped_domains(STOPLIST.read_text(encoding="utf-8"))
    return run_delivery(params, Path(outputs_dir), "email", stopped_domains=domains)
