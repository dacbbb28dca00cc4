"""The line of a module's own code at which it crashed, from the log of its run. Pure.

Python prints a traceback at the end of the log. Its author needs one line of it: the innermost
frame in the module's own code. A module can print anything that looks like a traceback; it then
misleads only its author.
"""
import re
from dataclasses import dataclass
from pathlib import PurePath

_FRAME = re.compile(r'[ |+]*File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_BEGIN = re.compile(r"[ |+]*(?:Exception Group )?Traceback \(most recent call last\):")
_CHAINED = re.compile(r"(?:During handling of|The above exception was)\b.*:")
# `json.decoder.` of `json.decoder.JSONDecodeError: ...`
_QUALIFIED = re.compile(r"^[\w.]+\.(?=\w+(?::|$))")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the author's code. `file` is a path below the module's directory."""

    file: str
    line: int
    function: str  # empty for a file that cannot be compiled
    source: str

    def words(self, folder: str) -> str:
        """The frame on one line; `folder` is the module's directory as people type it."""
        within = f"in {self.function}: " if self.function else ""
        return f"{folder}/{self.file}:{self.line}: {within}{self.source}".rstrip(": ")


def split_log(log: str, module_dir: PurePath, message: str) -> tuple[str, Frame | None]:
    """What the module printed, without the traceback of the crash that ended it, and the innermost
    frame in the module's code.

    `message` is the message of the run's record. The log stays whole, and there is no frame, if its
    last traceback is not that of the recorded error.
    """
    lines = log.splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if _BEGIN.match(line)]
    if not begins:
        return log, None
    first = begin = begins[-1]
    while (above := _begin_of_chain(lines, begins, first)) is not None:
        first = above
    trace = [line.rstrip("\n") for line in lines[begin:]]
    if not any(_is_of(line, message) for line in trace[1:]):
        return log, None
    return "".join(lines[:first]), _innermost(trace, str(module_dir))


def _begin_of_chain(lines: list[str], begins: list[int], first: int) -> int | None:
    """The first line of the traceback that leads to the one at `first`; None if none does."""
    around = [line for line in lines[max(0, first - 3):first] if line.strip()]
    earlier = [number for number in begins if number < first]
    return earlier[-1] if earlier and around and _CHAINED.match(around[-1]) else None


def _is_of(line: str, message: str) -> bool:
    """Whether a line of a traceback is the first line of the error that the record names."""
    said = _QUALIFIED.sub("", line.strip(" |+"))
    return bool(said) and not line.startswith("    ") and said in message


def _innermost(trace: list[str], module_dir: str) -> Frame | None:
    found = None
    for number, line in enumerate(trace):
        match = _FRAME.fullmatch(line)
        if match and match["file"].startswith(f"{module_dir}/"):
            source = trace[number + 1].strip(" |") if number + 1 < len(trace) else ""
            found = Frame(
                match["file"].removeprefix(f"{module_dir}/"),
                int(match["line"]),
                match["function"] or "",
                source,
            )
    return found
