"""The files of a new workspace. What the tool's own checkout has, as a workspace, is copied from
it; the rest is in `templates/workspace/`."""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platform.scaffold.tenant import tenant_text
from platform.scaffold.text import with_schemas

TEMPLATES = Path(__file__).resolve().parent / "templates" / "workspace"
TENANT = "aB3dE9"  # of the example
_WORKFLOWS = ("admin-topup", "cache-prune", "check", "orchestrator", "publish", "verify_module")
# The tool writes these, and `upgrade` keeps them up to date: path -> template.
_TOOLS = {
    "doit.cfg": "doit.cfg",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".github/actions/setup/action.yml": "github/actions/setup/action.yml",
    **{f".github/workflows/{name}.yml": f"github/workflows/{name}.yml" for name in _WORKFLOWS},
}
_TOOLS_COPIED = ("dodo.py", ".gitattributes")
# They belong to the operator from the beginning, and `upgrade` leaves them alone.
_OPERATORS = {
    ".github/CODEOWNERS": "github/CODEOWNERS",
    "modules/README.md": "modules.md",
}
COPIED = (
    "config/runtime_profile.yml",
    "config/runtime_profile.ci.yml",
    "config/repository_settings.yml",
    "config/module_prices.csv",
    "config/topup_methods.csv",
)
PIN = "requirements.txt"
_TABLES = {
    "config/payments.csv": "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,"
                           "received_at,note\n",
    "config/promotions.csv": "promo_code,credits,max_uses_per_tenant,effective_from,effective_to,"
                             "active,notes\n",
    "config/tenants.csv": "tenant_id,status,max_credits_per_order,note\n",
}
_EXAMPLE_ROWS = {
    "config/payments.csv": f"pay-0001,{TENANT},bank-wire,100,wire-1,CONFIRMED,{{today}},"
                           "money for the example\n",
    "config/tenants.csv": f"{TENANT},active,,the tenant of the example\n",
}


@dataclass(frozen=True, slots=True)
class Tool:
    """What a workspace takes from the tool that writes it."""

    version: str
    requirement: str  # the name that pip installs
    schemas: str  # the directory of the schemas, relative to the workspace
    own: Callable[[str], bytes]  # a file of the tool's own workspace, by its path
    schema_bytes: Mapping[str, bytes]  # by file name


def tool_files(tool: Tool) -> dict[str, bytes]:
    """The files that belong to the tool, by path. `upgrade` brings them up to date."""
    return {
        **{name: tool.own(name) for name in _TOOLS_COPIED},
        **{name: _template(template).encode() for name, template in _TOOLS.items()},
    }


def tool_paths() -> frozenset[str]:
    """The paths of `tool_files`."""
    return frozenset((*_TOOLS_COPIED, *_TOOLS))


def operator_files(tool: Tool, today: str, *, example: bool) -> dict[str, bytes]:
    """The files that belong to the operator, by path. `today` is a day, such as 2026-11-24."""
    rows = _EXAMPLE_ROWS if example else {}
    texts = {
        PIN: f"{tool.requirement}=={tool.version}\n",
        "README.md": "".join(_readme(tool, example=example)),
        "tenants/.gitkeep": "",
        **{name: _template(template) for name, template in _OPERATORS.items()},
        **{name: head + rows.get(name, "").format(today=today) for name, head in _TABLES.items()},
        **(_example(tool, today) if example else {}),
    }
    copied = {name: with_schemas(tool.own(name).decode(), tool.schemas) for name in COPIED}
    return {name: text.encode() for name, text in {**texts, **copied}.items()}


def _example(tool: Tool, today: str) -> dict[str, str]:
    folder = f"tenants/{TENANT}"
    return {
        f"{folder}/tenant.yml": with_schemas(
            tenant_text(TENANT, "City Archive", today), tool.schemas),
        f"{folder}/workorders/outline.yml": _order("outline", tool),
        f"{folder}/workorders/letter.yml": _order("letter", tool),
    }


def _readme(tool: Tool, *, example: bool) -> Iterator[str]:
    yield _template("README.head.md")
    if example:
        yield _template("README.example.md")
    else:
        text = _template("README.tenant.md")
        for name, value in (("outline", _order("outline", tool)),
                            ("letter", _order("letter", tool))):
            text = text.replace(f"{{{{{name}}}}}", value)
        yield text
    yield _template("README.rest.md")


def _order(name: str, tool: Tool) -> str:
    return with_schemas(_template(f"{name}.yml"), tool.schemas)


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
