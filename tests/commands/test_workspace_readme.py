"""The story of a new workspace: whoever follows its README installs the tool, runs the first order, finds its package,
finds the one of two orders that failed the next day, and runs it again. Not as root, and in a directory with a space
and an umlaut."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, rows

BLOCK = re.compile(r"```(bash|sh)\n(.*?)```", re.DOTALL)
EXITS = re.compile(r" +# exits with (\d+)$")
NOBODY = 65534


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with nothing but a wheel of this tree, which belongs to somebody who is not root."""
    with tempfile.TemporaryDirectory(prefix="story-") as name:
        folder = Path(name) / "Büro eins"
        folder.mkdir()
        built = subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir",
                                str(folder), "."], cwd=ROOT, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
        if os.geteuid() == 0:
            for path in (Path(name), folder, *folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        yield folder


def typed(home: Path, here: Path, code: str) -> tuple[int, str]:
    """What a person's shell does with these lines, and all that it prints."""
    env = {name: value for name, value in os.environ.items()
           if name.startswith(("PIP_INDEX", "PIP_TRUSTED", "SSL_")) or "proxy" in name.lower()}
    env |= {"PATH": f"{os.defpath}:{sys.base_prefix}/bin", "HOME": str(home), "LANG": "C.UTF-8",
            "PIP_FIND_LINKS": home.as_uri(), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*user, "bash", "-ec", code], cwd=here, env=env, text=True, check=False, timeout=240,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def followed(home: Path, workspace: Path, environment: str, *, installs: bool) -> dict[str, list[str]]:
    """What each command of the README prints, each time. AssertionError for another exit status than it says."""
    printed: dict[str, list[str]] = {}
    for language, block in BLOCK.findall((workspace / "README.md").read_text()):
        if language == "sh" and not installs:
            continue
        for code in [block] if "<<" in block or "activate" in block else block.splitlines():
            expected = EXITS.search(code)
            status, said = typed(home, workspace, f". {environment}/bin/activate 2>&- || true\n{EXITS.sub('', code)}")
            assert status == (int(expected[1]) if expected else 0), f"{code}\n{said}"
            assert "Traceback" not in said
            printed.setdefault(code.strip(), []).append(said)
    return printed


@pytest.mark.slow
@pytest.mark.parametrize("option", ["", " --example"])
def test_the_readme_leads_from_the_wheel_to_the_rerun(home: Path, option: str) -> None:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed; run this test as a user who is not root")
    workspace = home / f"Bei spiel{option.strip()}"
    status, said = typed(home, home, "[ -d first ] || { python3 -m venv first; first/bin/pip install --quiet *.whl; }\n"
                                     f"first/bin/platform init '{workspace.name}'{option}")
    assert status == 0, said
    printed = followed(home, workspace, "../first" if option else ".venv", installs=not option)
    [first] = printed["platform orchestrator --tenant-id aB3dE9 --work-order-id outline"]
    assert "COMPLETED    aB3dE9/outline  3 of 3 steps" in first
    package = re.search(r"deliveries/aB3dE9/outline/\S+/package\.zip", printed["platform deliveries aB3dE9/outline"][0])
    assert package and (workspace / package[0]).is_file()
    [failed] = printed["platform orchestrator  # exits with 1"]
    assert "recipient_domain_stoplisted" in failed and "1 credit refunded" in failed
    [listed] = printed["platform status --failed"]
    assert "letter" in listed and "outline" not in listed
    assert printed["platform runs --since yesterday --failed"][0].strip()
    assert "archive.invalid" in printed["platform log aB3dE9/letter/deliver"][0]
    [again] = printed["platform rerun --failed"]
    assert again.startswith("runs again aB3dE9/letter/deliver: 1 credit for 1 order\n")
    assert "COMPLETED    aB3dE9/letter  3 of 3 steps" in again and "outline" not in again
    assert len(printed["platform deliveries --latest"][0].splitlines()) == 2
    assert (len([*workspace.rglob("package.zip")]), len([*workspace.glob("outbox/*/*.eml")])) >= (2, 2)
    assert "up to date with version" in printed["platform upgrade"][0]
    posts = rows(workspace / ".billing-state" / "transactions.csv")
    amounts = [int(post["amount_credits"]) for post in posts]  # 0: evidence
    assert sorted(filter(None, amounts)) == [-9, -9, -9, -9, -1, 1, 100] and sum(amounts) == 64
