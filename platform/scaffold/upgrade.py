"""What in a workspace is older than the tool. Pure; the command reads and writes the files.

`.platform/files.csv` records the version and the digest of each file that the tool wrote. So an
edited file is told from an old one: only a file as the tool wrote it is replaced.
"""
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from platform.model.cells import as_csv
from platform.model.digest import sha256_hex
from platform.scaffold.text import with_schemas
from platform.scaffold.workspace import PIN, Tool, tool_files, tool_paths

RECORD = ".platform/files.csv"
RECORD_COLUMNS = ("path", "version", "sha256")
HEADED = ("config/*.yml", "tenants/*/tenant.yml", "tenants/*/workorders/*.yml",
          "modules/*/module.yml")  # the files with a header that leads to a schema


class AgeState(StrEnum):
    """Why a file is not up to date."""

    MISSING = "missing"  # a file that this version has for the first time
    OLDER = "older"  # as an earlier version wrote it: it is replaced
    EDITED = "edited"  # edited, and this version has other contents: it is not replaced
    HEADER = "header"  # its header leads to the schema of another version
    PIN = "pin"  # requirements.txt names another version
    UNUSED = "unused"  # a schema of an earlier version, to which no header leads any more


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What the record says of one file."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Outdated:
    """One file that is not up to date. `new` None: it is removed."""

    path: str
    state: AgeState
    version: str  # that wrote it; empty if no record says so
    now: bytes | None
    new: bytes | None


WorkspaceRecord = Mapping[str, WrittenFile]
ReadFile = Callable[[str], bytes | None]  # the bytes of a file by its path; None: it is missing


def schema_files(tool: Tool) -> dict[str, bytes]:
    """The schemas of this version, by path in the workspace."""
    return {f"{tool.schemas}/{name}": data for name, data in tool.schema_bytes.items()}


def record_file(record: WorkspaceRecord) -> bytes:
    """The bytes of `.platform/files.csv`."""
    rows = [(path, one.version, one.sha256) for path, one in sorted(record.items())]
    return as_csv([RECORD_COLUMNS, *rows])


def written_by(tool: Tool, files: Mapping[str, bytes]) -> dict[str, WrittenFile]:
    """The record of files that this version has just written."""
    return {path: WrittenFile(tool.version, sha256_hex(data)) for path, data in files.items()}


def outdated(
    tool: Tool, record: WorkspaceRecord, read: ReadFile, headed: Iterable[str]
) -> Iterator[Outdated]:
    """Every file that is not up to date.

    Args:
        headed: the paths of the existing files that HEADED names.
    """
    wanted = {**tool_files(tool), **schema_files(tool)}
    for path, new in wanted.items():
        if found := _of_tool(path, new, record.get(path), read(path)):
            yield found
    pin = read(PIN)
    if pin is not None and (new_pin := pinned(tool, pin)) != pin:
        yield Outdated(PIN, AgeState.PIN, "", pin, new_pin)
    for path in sorted(headed):
        text = (read(path) or b"").decode("utf-8", "surrogateescape")
        if (new_text := with_schemas(text, tool.schemas)) != text:
            yield Outdated(path, AgeState.HEADER, "", *(
                one.encode("utf-8", "surrogateescape") for one in (text, new_text)))
    for path in sorted(record.keys() - wanted.keys()):
        now = read(path)
        if is_tools(path) and now is not None and sha256_hex(now) == record[path].sha256:
            yield Outdated(path, AgeState.UNUSED, record[path].version, now, None)


def version_key(version: str) -> tuple[int, ...]:
    """For comparing versions: their numbers, in order."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", version))


def pinned(tool: Tool, requirements: bytes) -> bytes:
    """The requirements with this version of the tool. Extras and other lines stay as they are."""
    return _pin(tool).sub(rb"\g<1>" + tool.version.encode(), requirements)


def newest_version(tool: Tool, record: WorkspaceRecord, requirements: bytes | None) -> str:
    """The newest version of the tool that wrote the workspace, or that it names."""
    named = [found[2].decode() for found in _pin(tool).finditer(requirements or b"")]
    written = [one.version for one in record.values()]
    return max([*named, *written, tool.version], key=version_key)


def _pin(tool: Tool) -> re.Pattern[bytes]:
    name = re.escape(tool.requirement).encode()
    return re.compile(rb"(?m)^(" + name + rb"(?:\[[^\]\r\n]*\])?\s*==\s*)([^\s;#]+)")


def is_tools(path: str) -> bool:
    """Whether the tool may have written a file that the record names. The record is a file that
    others can edit: it cannot name an operator's file or one outside of the workspace."""
    parts = path.split("/")
    return (path in tool_paths() or parts[0] in (".platform", ".github")) and not (
        {"", ".", ".."} & {*parts}
    )


def _of_tool(path: str, new: bytes, known: WrittenFile | None,
             now: bytes | None) -> Outdated | None:
    """A file of the tool's, if it is not up to date. One that the operator deleted stays deleted.
    An edited one counts only if the tool's own file has changed since it was written."""
    if now == new:
        return None
    if known is None:
        state = AgeState.MISSING if now is None else AgeState.EDITED
        return Outdated(path, state, "", now, new)
    if now is None or known.sha256 == sha256_hex(new):
        return None
    state = AgeState.OLDER if sha256_hex(now) == known.sha256 else AgeState.EDITED
    return Outdated(path, state, known.version, now, new)
