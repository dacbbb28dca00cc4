"""What a workspace takes from the tool that runs: its version, its schemas and its own files."""
from collections.abc import Mapping
from pathlib import Path

from platform import toolfiles
from platform.scaffold.text import schema_in, with_schemas
from platform.scaffold.workspace import Tool

SCHEMA_KINDS = (
    "module", "reasons", "repository_settings", "runtime_profile", "tenant", "workorder"
)


def tool_of() -> Tool:
    """The tool that runs, as the source of a workspace's files."""
    version = toolfiles.version()
    schemas = {name: (toolfiles.SCHEMAS / name).read_bytes()
               for name in (f"{kind}.schema.json" for kind in SCHEMA_KINDS)}
    return Tool(version, toolfiles.DISTRIBUTION, f".platform/schemas/{version}",
                lambda path: (toolfiles.HOME / path).read_bytes(), schemas)


def with_own_schemas(root: Path, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """New files of a workspace, with headers that lead to schemas which editors find there.

    A checkout of the tool has the schemas at its top level. Any other workspace has those of each
    version that wrote a file; a schema that it lacks is added to the files."""
    if (root / "schemas").is_dir():
        return dict(files)
    tool = tool_of()
    found: dict[str, bytes] = {}
    for path, data in files.items():
        text = data.decode("utf-8", "surrogateescape")
        found[path] = with_schemas(text, tool.schemas).encode("utf-8", "surrogateescape")
        name = schema_in(text)
        if name and not (root / tool.schemas / name).exists():
            found.setdefault(f"{tool.schemas}/{name}", tool.schema_bytes[name])
    return found
