"""Search a step's outputs for its own secrets, in files and in the names of files and directories.

A secret is found as it is, or in a form of platform.model.secret_forms. Files are read once, in
parts, and only for steps that have secrets. Stored entries of a zip are searched; compressed
entries are not.
"""
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from platform import trees
from platform.confined import opened
from platform.files import files_below
from platform.model.contract import Contract
from platform.model.run import OutputFile
from platform.model.secret_forms import MIN_CHARS_IN_FILES
from platform.redact import Redactor, Secrets, secrets
from platform.run.fault import Fault

REASON = "secret_in_output"
_PART_BYTES = 1 << 20


def no_secret_in(
    made: tuple[OutputFile, ...], folder: Path, contract: Contract, values: Mapping[str, str]
) -> None:
    """Search the outputs that must not contain secrets. `values` are the secrets by name.

    Fault: an output contains one. OSError: an output cannot be read.
    """
    known = secrets(frozenset(values.values()), MIN_CHARS_IN_FILES)
    if known is None:
        return
    for output in made:
        if contract.outputs[output.output_id].may_contain_secrets:
            continue
        for below, path in _files(output, folder):
            where = "" if output.type == "file" else f", in {below!r}"
            if (found := _in_bytes(known, below.encode(errors="surrogateescape"))) or (
                found := _in_file(known, path)
            ):
                raise Fault(
                    REASON,
                    Redactor(values.values()).text(
                        f"the output {output.output_id} contains the secret "
                        f"{_name(values, found)}{where}; leave it out, "
                        "or write may_contain_secrets: true at the output in module.yml"
                    ),
                )
    for below in _directories(made, folder, contract):
        if found := _in_bytes(known, below.encode()):
            raise Fault(REASON, Redactor(values.values()).text(
                f"the name of the directory {below!r} contains the secret {_name(values, found)}; "
                "give it another name"))


def _directories(made: tuple[OutputFile, ...], folder: Path, contract: Contract) -> Iterator[str]:
    """Every directory that the module left, also an empty one, because its name is visible in a
    `dir` output. Directories in an output that may contain secrets are left out."""
    open_to_all = tuple(
        f"{output.path}/"
        for output in made
        if contract.outputs[output.output_id].may_contain_secrets
    )
    with trees.opened_directory(folder) as top:
        for below, entry in trees.paths(top):
            if stat.S_ISDIR(entry.status.st_mode) and not below.startswith(open_to_all):
                yield below


def _files(output: OutputFile, folder: Path) -> Iterator[tuple[str, Path]]:
    return (
        iter([(output.path, folder / output.path)])
        if output.type == "file"
        else files_below(folder / output.path)
    )


def _in_file(known: Secrets, path: Path) -> bytes:
    """The first secret in a file, in the form found; empty if the file has no secret."""
    with opened(path) as handle:
        held = bytearray()
        while part := os.read(handle, _PART_BYTES):
            held += part
            if found := _in_bytes(known, held):
                return found
            del held[:max(0, len(held) - known.longest + 1)]
    return b""


def _in_bytes(known: Secrets, text: bytes | bytearray) -> bytes:
    found = known.search(text)
    return bytes(text[found[0]:found[1]]) if found else b""


def _name(values: Mapping[str, str], found: bytes) -> str:
    """The name of the secret whose form was found."""
    return next(
        name
        for name, value in values.items()
        if (known := secrets(frozenset({value}), MIN_CHARS_IN_FILES)) and known.search(found)
    )
