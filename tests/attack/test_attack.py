"""Every probe in every way, and the page that shows them."""
import os
from collections import Counter

import pytest

from platform.run.machine import this_machine
from tests.attack import campaign
from tests.attack.probe import WAYS, Probe, Way, part
from tests.attack.python import lacking
from tests.support import ROOT


def here() -> list[Way]:
    """The ways in which this machine can run probes."""
    return [way for way in WAYS if (way.sandbox == "process" or this_machine().bwrap)
            and (way.user == "root" or (os.geteuid() == 0 and not lacking()))]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("group", campaign.GROUPS)
def test_everything_seen_is_as_expected(group: str, way: Way) -> None:
    """A part of the probes; `scripts/attack` runs each in every way."""
    if way.sandbox == "bubblewrap" and not this_machine().bwrap:
        pytest.skip(this_machine().lacking)
    if way.user != "root" and os.geteuid() != 0:
        pytest.skip("only root can run as another user")
    if way.user != "root" and lacking():
        pytest.skip(lacking())
    assert [str(verdict) for verdict in campaign.run(group, way, here()) if not verdict.as_expected] == []


@pytest.mark.parametrize("ways", [WAYS, WAYS[:2], WAYS[1:2]], ids=len)
@pytest.mark.parametrize("group", campaign.GROUPS)
def test_the_part_that_runs_here_has_every_probe(group: str, ways: tuple[Way, ...]) -> None:
    probes = campaign.probes(group)
    times = Counter(place for way in ways for place in part(probes, way, ways))
    assert [times[place] for place in range(len(probes))] == [
        len(ways) if probe.critical else 1 for probe in probes]


def test_where_the_user_or_the_sandbox_decides_a_probe_is_critical() -> None:
    for group in campaign.GROUPS:
        for probe in campaign.probes(group):
            expected = {probe.expected(way) for way in WAYS}
            assert len(expected) == 1 or probe.critical, probe


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
