"""What the server of `clone.py` has imported when it is asked for a process: nearly everything that a command needs.

A command takes 0.1 s of processor time then, not 0.4. A year has some 6,000 commands.
"""
import gc
from importlib import import_module
from pathlib import Path

import _platform_boot  # noqa: F401  (before what is below it)

_ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = ("platform.run.child",)

for _file in sorted((_ROOT / "platform").rglob("*.py")):
    _name = ".".join(_file.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")
    if "__main__" not in _name and _name not in _SKIPPED:
        import_module(_name)
for _name in ("time_machine", "doit.__main__", "subprocess", "zipfile", "sqlite3", "rich.console"):
    import_module(_name)
gc.freeze()  # a process that is forked from this one shares the memory
