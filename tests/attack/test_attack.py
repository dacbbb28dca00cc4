"""Every probe in every way, and the page that shows them."""
import os

import pytest

from platform.run.machine import this_machine
from tests.attack import campaign
from tests.attack.probe import WAYS, Probe, Way
from tests.attack.python import lacking
from tests.support import ROOT


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("group", campaign.GROUPS)
def test_everything_seen_is_as_expected(group: str, way: Way) -> None:
    if way.sandbox == "bubblewrap" and not this_machine().bwrap:
        pytest.skip(this_machine().lacking)
    if way.user != "root" and os.geteuid() != 0:
        pytest.skip("only root can run as another user")
    if way.user != "root" and lacking():
        pytest.skip(lacking())
    assert [str(verdict) for verdict in campaign.run(group, way) if not verdict.as_expected] == []


def test_there_are_as_many_probes_as_were_asked_for():
    counts = {group: len({probe.name for probe in campaign.probes(group)}) for group in campaign.GROUPS}
    assert {group: count for group, count in counts.items() if count < campaign.LEAST[group]} == {}
    assert {group: len(campaign.probes(group)) for group in campaign.GROUPS} == counts, "two probes have one name"


def test_the_page_lists_the_probes_that_there_are():
    listed = campaign.names((ROOT / campaign.PAGE).read_text(encoding="utf-8"))
    assert listed == [campaign.listed(probe) for group in campaign.TITLES for probe in campaign.probes(group)], \
        "run scripts/attack --write"


def test_a_breach_is_noticed():
    """A probe that sees something else than it expects is not as expected, in each way."""
    probe = Probe("module", "x", "tries", "^COMPLETED refused", plain="^COMPLETED reached", as_user="^FAILED")
    seen = {str(way): probe.verdict(way, "COMPLETED reached: x").as_expected for way in WAYS}
    assert seen == {"root, bubblewrap": False, "root, process": True, "nobody, bubblewrap": False,
                    "nobody, process": False}
