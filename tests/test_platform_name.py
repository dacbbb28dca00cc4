"""The package is called like a standard module: both must be there, whoever imported what first."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOTH = ("import platform, platform.cli, platform.model.ids; assert platform.system() and platform.uname().node; "
        "assert platform.python_implementation() == 'CPython'; print('both')")

WAYS_IN = {
    "isolated": ["-I", "-c", BOTH],
    "without the working directory": ["-P", "-c", BOTH],
    "ours first": ["-c", BOTH],
    "the standard module first": ["-c", "import sys; p = sys.path.pop(0); import platform; sys.path.insert(0, p); "
                                        "import _platform_boot; " + BOTH],
    "uuid and its standard module first": ["-c", "import sys; p = sys.path.pop(0); import platform, uuid; "
                                                 "sys.path.insert(0, p); import _platform_boot; " + BOTH],
    "the boot module first": ["-c", "import _platform_boot; " + BOTH],
    "boot twice": ["-c", "import _platform_boot; _platform_boot.graft(); " + BOTH],
    "the libraries we stand on": ["-c", "import _platform_boot, doit, yaml, jsonschema, rich.console, ghapi.all, "
                                        "pytest, PIL.Image; " + BOTH],
    "a spawned child": ["-c", "import multiprocessing as m, platform\n"
                              "if __name__ == '__main__':\n"
                              "    with m.get_context('spawn').Pool(1) as pool:\n"
                              "        assert pool.apply(platform.system)\n"
                              "    print('both')"],
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS_IN)
def test_both_are_there(way: str) -> None:
    done = subprocess.run([sys.executable, *WAYS_IN[way]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("both", "")


def test_python_m_and_the_console_script_are_the_same_command() -> None:
    ways = (["-m", "platform.cli", "--help"], ["-c", "import _platform_boot; _platform_boot.main()", "--help"])
    by_module, by_boot = (subprocess.run([sys.executable, *way], cwd=ROOT, capture_output=True, text=True, check=True)
                          for way in ways)
    assert "orchestrator" in by_module.stdout
    assert by_boot.stdout == by_module.stdout


def test_there_is_one_copy_of_every_class() -> None:
    code = ("import platform, importlib; import _platform_boot; from platform.errors import PlatformError as a; "
            "b = importlib.import_module('platform.errors').PlatformError; assert a is b; print('one')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("one", "")


def test_no_room_is_called_like_an_attribute_of_the_standard_module() -> None:
    """`from platform import system` must stay the standard function."""
    code = "import platform; print('\\n'.join(vars(platform)))"
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": ""})
    standard = done.stdout.split()
    rooms = {path.stem for path in (ROOT / "platform").iterdir() if path.suffix == ".py" or path.is_dir()}
    rooms -= {"__init__", "__pycache__"}
    assert "system" in standard
    assert rooms & set(standard) == set()


def test_the_package_file_holds_the_standard_module_and_nothing_else() -> None:
    _, _, code = (ROOT / "platform" / "__init__.py").read_text().split('"""')
    statements = [line.split(" ", 1)[0].split("(")[0] for line in code.splitlines() if line.strip()]
    assert statements == ["from", "from", "exec"], "anything else would shadow the standard module"
