"""Read a proof file, whose author is not trusted, as a Proof. Errors have a file, line and
column."""
from pathlib import Path

from platform.config.document import read_json
from platform.config.schema import problems_of, schema_faults
from platform.config.text import read_named
from platform.errors import InputError
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.report.proof import PostProof, from_json

_LARGEST = 8 << 20  # bytes; a proof holds one line of the journal and a few hashes
_FIX = "use the file exactly as `ledger proof` or `ledger head` wrote it"


def read_proof(name: str) -> PostProof:
    """The head or proof in a file. InputError if the file is missing or is not a proof."""
    data = read_named(Path(name), name, _LARGEST)
    if isinstance(data, Problem):
        raise InputError([data])
    value = read_json(data, name, _FIX, _LARGEST)
    if isinstance(value, Problem):
        raise InputError([value])
    if found := schema_faults("ledger_proof", value, "the proof"):
        raise InputError(list(problems_of(found, SourceFile(name))))
    try:
        return from_json(value)
    except ValueError as error:
        raise InputError([Problem(SourcePosition(name), "not-valid", str(error), _FIX)]) from error
