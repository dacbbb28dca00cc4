"""What the installation changes for others in its environment: nothing. The same commands in an environment with our
wheel and in one without it."""
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from platform.toolfiles import MODULES

pytestmark = pytest.mark.slow

DODO = """import platform
assert platform.system() == "Linux"

def task_hello():
    return {"actions": ["echo hello > out.txt", "echo hello"], "file_dep": ["dodo.py"], "targets": ["out.txt"]}

def task_fails():
    return {"actions": ["false"]}

def task_each():
    for name in ("a", "b"):
        yield {"name": name, "actions": [f"echo {name}"]}
"""
COMMANDS = ("run", "run hello", "run", "run -c", "run -a -n 2 hello", "list --all --status", "dumpdb", "info hello",
            "clean hello", "forget", "run nothing_here", "run --retry-failed", "help", "help run", "help hello",
            "--version", "run -a -P thread -n 2 hello", "reset-dep", "tabcompletion --shell bash")
PLUGINS = """[GLOBAL]
loader = theirs
[COMMAND]
run = plugins:Run
[LOADER]
theirs = plugins:Loader
"""
SAME_NAME = "[GLOBAL]\nloader = platform\n[LOADER]\nplatform = plugins:Loader\n"
PLUGIN_CODE = """from doit.cmd_base import DodoTaskLoader
from doit.cmd_run import Run as DoitRun

class Run(DoitRun):
    name = "run"
    def execute(self, params, args):
        print("their run")
        return super().execute(params, args)

class Loader(DodoTaskLoader):
    def setup(self, opt_values):
        print("their loader")
        super().setup(opt_values)
"""
APPLICATION = """import sys
from doit.cmd_base import ModuleTaskLoader
from doit.cmd_run import Run
from doit.doit_cmd import DoitMain

class TheirRun(Run):
    name = "run"
    def execute(self, params, args):
        print("the run of an application")
        return super().execute(params, args)

class Application(DoitMain):
    DOIT_CMDS = (TheirRun,)

sys.exit(Application(ModuleTaskLoader({"task_x": lambda: {"actions": ["echo x"]}})).run(["run"]))
"""


def done(python: Path, words: list[str], cwd: Path, **environment: str) -> tuple[int, str, str]:
    """The status and what was printed, with the environment's directory written as ENV."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DOIT"))}
    ended = subprocess.run([str(python), *words], cwd=cwd, capture_output=True, text=True, check=False,
                           env={**env, "PYTHONHASHSEED": "0", **environment})  # doit stores a set of tasks
    home = str(python.parent.parent)
    return ended.returncode, ended.stdout.replace(home, "ENV"), ended.stderr.replace(home, "ENV")


def doit(python: Path, line: str, cwd: Path, **environment: str) -> tuple[int, str, str]:
    return done(python, [str(python.parent / "doit"), *shlex.split(line)], cwd, **environment)


def both(tmp_path: Path) -> tuple[Path, Path]:
    """The same project twice, by the same name: what a command prints can contain it."""
    for name in ("ours", "plain"):
        (tmp_path / name / "project").mkdir(parents=True)
    return tmp_path / "ours" / "project", tmp_path / "plain" / "project"


def test_doit_in_another_project_is_doit(tmp_path: Path, python: Path, plain_python: Path) -> None:
    ours, plain = both(tmp_path)
    for folder in (ours, plain):
        (folder / "dodo.py").write_text(DODO)
        os.utime(folder / "dodo.py", (1_700_000_000, 1_700_000_000))  # doit stores it
    for line in COMMANDS:
        assert doit(python, line, ours) == doit(plain_python, line, plain), line
    assert {path.name for path in ours.iterdir()} == {path.name for path in plain.iterdir()}


@pytest.mark.parametrize(("config", "says"), [
    pytest.param(PLUGINS, "their run\ntheir loader\n.  hello\n", id="of other names"),
    pytest.param(SAME_NAME, "their loader\n.  hello\n", id="a loader with the name of ours")])
def test_a_projects_own_plugins_stay_its_own(
        tmp_path: Path, python: Path, plain_python: Path, config: str, says: str) -> None:
    ours, plain = both(tmp_path)
    for folder in (ours, plain):
        (folder / "dodo.py").write_text(DODO)
        (folder / "doit.cfg").write_text(config)
        (folder / "plugins.py").write_text(PLUGIN_CODE)
    told = doit(python, "run hello", ours, PYTHONPATH=str(ours))
    assert told == doit(plain_python, "run hello", plain, PYTHONPATH=str(plain))
    assert told[1] == says


def test_an_application_that_is_built_on_doit_keeps_its_run(tmp_path: Path, python: Path, plain_python: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    told = done(python, ["app.py"], tmp_path)
    assert told == done(plain_python, ["app.py"], tmp_path)
    assert told[:2] == (0, "the run of an application\n.  x\n")


@pytest.mark.parametrize("words", [
    ["-c", "import platform; print(platform.platform(), platform.__file__, platform.__name__, platform.uname())"],
    ["-m", "platform"], ["-I", "-m", "platform"], ["-P", "-c", "from platform import node; print(node())"],
    ["-c", "import uuid, sysconfig, platform; print(sysconfig.get_platform(), platform.libc_ver())"],
    ["-c", "import inspect, platform; print(len(inspect.getsource(platform)))"],
    ["-c", "import pickle, platform; print(pickle.loads(pickle.dumps(platform.uname())) == platform.uname())"],
    ["-c", "import importlib, platform; print(importlib.reload(platform) is platform, platform.system())"],
    ["-c", "import platform, sys; print(sys.modules['platform'].__spec__.origin, platform.__spec__.name)"],
])
def test_the_standard_module_is_what_it_was(words: list[str], tmp_path: Path, python: Path, plain_python: Path) -> None:
    assert done(python, words, tmp_path) == done(plain_python, words, tmp_path)


def test_a_projects_own_platform_is_left_alone(tmp_path: Path, python: Path) -> None:
    (tmp_path / "platform.py").write_text("mine = 1\n")
    assert done(python, ["-c", "import platform; print(platform.mine, hasattr(platform, '__path__'))"], tmp_path) == (
        0, "1 False\n", "")
    (tmp_path / "platform.py").unlink()
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "__init__.py").write_text("mine = 2\n")
    assert done(python, ["-c", "import platform; print(platform.mine)"], tmp_path) == (0, "2\n", "")


def test_a_start_of_python_imports_the_finder_and_nothing_else(tmp_path: Path, python: Path, plain_python: Path
                                                               ) -> None:
    code = ["-c", "import sys; print(*sorted(sys.modules))"]
    ours, plain = (set(done(each, code, tmp_path)[1].split()) for each in (python, plain_python))
    assert ours - plain == {"_platform_finder"}


def test_a_package_brings_a_module(tmp_path: Path, python: Path) -> None:
    """A package that pip installs; in an environment of its own, for others use this one at the same time."""
    package = tmp_path / "acme"
    shutil.copytree(MODULES / "seed_text", package / "src" / "acme" / "modules" / "tea_text",
                    ignore=shutil.ignore_patterns("__pycache__"))
    contract = package / "src" / "acme" / "modules" / "tea_text" / "module.yml"
    contract.write_text(contract.read_text().replace("module_id: seed_text", "module_id: tea_text", 1))
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "acme-modules"\nversion = "1.0"\n[project.entry-points."platform.modules"]\nacme = "acme"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/acme"]\n')
    site = tmp_path / "site"
    told = done(python, ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(package)], tmp_path)
    assert told[0] == 0, told
    program = str(python.parent / "platform")
    assert done(python, [program, "init", "shop"], tmp_path, PYTHONPATH=str(site))[0] == 0
    told = done(python, [program, "-C", "shop", "verify-module", "--module-id", "tea_text"], tmp_path,
                PYTHONPATH=str(site))
    assert told[0] == 0, told
