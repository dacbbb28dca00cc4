"""What a module finds when it runs, with and without bubblewrap: its params, its own environment, and nothing else."""
import json
import os
import py_compile
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from platform.model.contract import Secret, Var
from platform.model.profile import Profile
from platform.model.run import Status

TELL = '''
import json
(out / "text.txt").write_text(json.dumps({tell}))
return {{"status": "COMPLETED"}}
'''


def told(house, tell, **contract):
    """What the expression `tell` is inside a module, and the step."""
    made = house.module("teller", TELL.format(tell=tell), **contract)
    outputs = {name: replace(port, may_contain_secrets=True) for name, port in made.outputs.items()}
    step = house.step(replace(made, outputs=outputs), params={"text": "tea"}, bought=True)
    record = house.run(step)
    assert record.completed, f"{record.reason}: {record.message}\n{house.log(step)}"
    return json.loads((house.folder(step) / "outputs" / "text.txt").read_text())


def test_it_gets_its_params_and_who_it_is(both):
    params = told(both, "params")
    assert params["text"] == "tea"
    context = params["_platform"]
    assert (context["tenant_id"], context["work_order_id"], context["step_id"]) == ("nxlkGI", "UbjkpxZO", "one")
    assert context["deliverables"] == ["all"] and context["external_services"] == "recorded"
    assert len(context["run_id"]) == len(context["delivery_key"]) == 20 and context["run_id"] != context["delivery_key"]
    assert "delivery" not in context  # that is for deliveries


def test_its_environment_has_its_own_variables_and_nothing_of_ours(both):
    both.env = {"TEA_KEY": "s3cr3t-tea", "COFFEE_KEY": "s3cr3t-coffee", "PATH": "/somewhere", "PYTHONPATH": "/else"}
    environment = told(both, "dict(os.environ)", secrets=(Secret("TEA_KEY"), Secret("MILK_KEY", required=False)),
                       variables=(Var("TEA_SORT", "green"),))
    scratch = environment.pop("TMPDIR")
    assert environment == {"TEA_KEY": "s3cr3t-tea", "TEA_SORT": "green", "LANG": "C.UTF-8", "TZ": "UTC",
                           "PYTHONHASHSEED": "0", "HOME": scratch}


def test_no_secret_stands_where_a_process_list_shows_it(both):
    both.env = {"TEA_KEY": "s3cr3t-tea"}
    shown = told(both, 'Path("/proc/self/environ").read_text() + Path("/proc/self/cmdline").read_text()',
                 secrets=(Secret("TEA_KEY"),))
    assert "s3cr3t-tea" not in shown


def test_it_stands_in_a_scratch_folder_that_is_gone_afterwards(both):
    where = told(both, '[os.getcwd(), os.environ["TMPDIR"], sorted(os.listdir())]')
    assert where[0] == where[1] and where[2] == []
    assert not list(both.runtime.glob("**/scratch")) and not list(both.runtime.glob("**/.*"))


def test_a_recorded_module_that_asks_outside_services_is_given_no_secret(house):
    house.env = {"TEA_KEY": "s3cr3t-tea"}
    recorded = told(house, '"TEA_KEY" in os.environ', external=True, network=True, secrets=(Secret("TEA_KEY"),))
    house.profile = Profile(sandbox="process", external_services="live")
    assert (recorded, told(house, '"TEA_KEY" in os.environ', external=True, secrets=(Secret("TEA_KEY"),))) == (
        False, True)


def test_what_it_wrote_has_the_usual_modes_whatever_it_set(both):
    contract = both.module("locker", '''
        (out / "folder").mkdir()
        (out / "folder" / "a.txt").write_text("a")
        os.chmod(out / "folder" / "a.txt", 0o400)
        os.chmod(out / "folder", 0o500)
        return {"status": "COMPLETED"}
    ''', outputs={"folder": "folder/"})
    step = both.step(contract, bought=True)
    assert both.run(step).completed
    made = both.folder(step) / "outputs" / "folder"
    assert (made.stat().st_mode & 0o777, (made / "a.txt").stat().st_mode & 0o777) == (0o755, 0o644)


IMPORTS = [
    ("import platform; platform.system()", ""),
    ("from platform.bundle.content_types import content_type", ""),
    ("import platform.delivery", ""),
    ("from platform.model.digest import digest_of", "platform.model is not for modules"),
    ("from platform.bundle.content_types import content_type; from platform import model",
     "platform.model is not for modules"),
    ("import platform.ledger", "platform.ledger is not for modules"),
    ("import importlib; importlib.import_module('platform.run.step')", "platform.run is not for modules"),
    ("import _platform_boot", "No module named '_platform_boot'"),
    ("import json, yaml", ""),
]


@pytest.mark.parametrize(("line", "refusal"), IMPORTS, ids=[line for line, _ in IMPORTS])
def test_of_our_package_it_may_import_two_rooms(house, line, refusal):
    record = house.run(house.step(house.module("importer", f'{line}\nreturn {{"status": "COMPLETED"}}')))
    assert (record.status, refusal in record.message) == (Status.FAILED if refusal else Status.COMPLETED, True)


def test_an_edit_under_the_same_time_and_size_is_what_runs(house):
    """Python would trust a compiled file of the same time and size; a module's are neither read nor written."""
    contract = house.module("say", 'import words\n(out / "text.txt").write_text(words.WORD)\n'
                                   'return {"status": "COMPLETED"}')
    words = house.root / "modules" / "say" / "src" / "words.py"
    step = house.step(contract, bought=True)
    for word in ("tea", "ice"):
        words.write_text(f'WORD = "{word}"\n')
        os.utime(words, (1_700_000_000, 1_700_000_000))
        if word == "tea":
            py_compile.compile(str(words), doraise=True)
        house.run(step)
        assert (house.folder(step) / "outputs" / "text.txt").read_text() == word
    assert len(list((house.root / "modules").glob("**/*.pyc"))) == 1


def test_sets_have_one_order_and_times_one_zone(house):
    tell = '[list({"tea", "ice", "milk", "water", "cocoa"}), list(time.tzname)]'
    first = told(house, tell)
    house.profile = Profile(sandbox="process", cache=False)
    assert told(house, tell) == first and first[1][0] == "UTC"


def test_its_files_have_the_usual_modes_whatever_the_callers_umask_is(house):
    before = os.umask(0o077)
    try:
        assert told(house, "os.umask(0)") == 0o022
    finally:
        os.umask(before)


def test_asking_whether_a_step_is_done_imports_nothing_that_starts_processes():
    line = ("import _platform_boot, sys, platform.run.current, platform.run.step; "
            "sys.exit(bool({'subprocess', 'jsonschema', 'ctypes'} & sys.modules.keys()))")
    assert subprocess.run([sys.executable, "-c", line], cwd=Path(__file__).parents[2], check=False).returncode == 0
