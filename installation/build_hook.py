"""What PLATFORM's wheel has beside the package: the finder of its name, and the tool's own files.

hatchling runs this while it builds. An editable installation gets the `.pth` alone: the checkout's
directory is in Python's path, and the tool's own files are at its top level (`toolfiles.py`).
"""
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PTH = {"installation/platform_runner.pth": "platform_runner.pth"}
MODULES = ("_platform_boot.py", "_platform_finder.py")
SHIPPED = (  # the tool's own files, and those that `platform init` copies into a workspace
    "schemas",
    "modules",
    "dodo.py",
    ".gitattributes",
    "config/reasons.yml",
    "config/module_prices.csv",
    "config/topup_methods.csv",
    "config/runtime_profile.yml",
    "config/runtime_profile.ci.yml",
    "config/repository_settings.yml",
)


class Hook(BuildHookInterface):  # type: ignore[misc]  # hatchling has no types in our environment
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is `editable` or `standard`."""
        if version == "editable":
            build_data["force_include_editable"] = PTH
            return
        build_data["force_include"] |= (
            PTH
            | {name: name for name in MODULES}
            | {name: f"platform/_shipped/{name}" for name in SHIPPED}
        )
