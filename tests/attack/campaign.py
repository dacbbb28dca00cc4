"""All attacks: which groups there are, how they are run, and the table that docs/security-probes.md shows."""
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.attack import link_group, mail_group, module_group, money_group, secret_group, tenant_group, tenants
from tests.attack.probe import WAYS, Probe, Verdict, Way, part

Attack = Callable[[Path, Way, Any], list[Verdict]]
GROUPS: Mapping[str, tuple[Attack, Sequence[Any]]] = {
    "module": (module_group.attack, module_group.PROBES),
    "link": (link_group.attack, link_group.PROBES),
    "tenant": (tenant_group.attack, tenants.PROBES),
    "mail": (mail_group.attack, mail_group.PROBES),
    "secret": (secret_group.attack, secret_group.PROBES),
    "money": (money_group.attack, money_group.PROBES),
}
# How many probes a group has at the least.
LEAST = {"module": 80, "link": 14, "tenant": 40, "mail": 30, "secret": 25, "money": 20}
TITLES = {
    "module": "What a module's code tries",
    "link": "What a module tries by links in the platform's own directories",
    "tenant": "What a tenant tries by the files in its directory",
    "mail": "What a tenant tries by a mail's fields",
    "secret": "Where and how a module shows its own secret",
    "money": "What a tenant tries to get for nothing",
}
PAGE = "docs/security-probes.md"


def run(group: str, way: Way, among: Sequence[Way] = ()) -> list[Verdict]:
    """One group in one way, in a directory that is removed afterwards; with `among`, the way's part when the probes
    are shared out among these ways."""
    attack, attempts = GROUPS[group]
    if among:
        attempts = tuple(attempts[place] for place in part(probes(group), way, among))
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        return attack(Path(folder) / "repo", way, attempts)


def probes(group: str) -> list[Probe]:
    return [each.probe for each in GROUPS[group][1]]


def page(verdicts: Iterable[Verdict]) -> str:
    """The table of these verdicts, which must be of every probe in every way."""
    seen = _by_probe(verdicts)
    lines = [_HEAD]
    for group in TITLES:
        lines += _section(group, seen)
    return "\n".join(lines) + "\n"


def with_group(text: str, group: str, verdicts: Iterable[Verdict]) -> str:
    """A page with one group's table made anew, or added where the group has none; the others stay."""
    others = text.rstrip("\n").split("\n\n## ")
    made = _section(group, _by_probe(verdicts))
    tables = {part.partition("\n")[0]: part for part in others[1:]} | {TITLES[group]: "\n".join(made)[len("\n## "):]}
    return "\n\n## ".join([others[0], *(tables[title] for title in TITLES.values() if title in tables)]) + "\n"


def _by_probe(verdicts: Iterable[Verdict]) -> dict[Probe, dict[Way, Verdict]]:
    seen: dict[Probe, dict[Way, Verdict]] = {}
    for verdict in verdicts:
        seen.setdefault(verdict.probe, {})[verdict.way] = verdict
    return seen


def _section(group: str, seen: Mapping[Probe, Mapping[Way, Verdict]]) -> list[str]:
    return [f"\n## {TITLES[group]}\n", "| probe | the attacker | expected | seen with bubblewrap | seen without |",
            "|---|---|---|---|---|", *(_row(probe, seen[probe]) for probe in probes(group))]


def names(text: str) -> list[tuple[str, str]]:
    """The probes and what they expect, as a page lists them."""
    cells = [re.split(r"(?<!\\)\|", line) for line in text.splitlines() if line.startswith("| `")]
    return [(row[1].strip(), row[3].strip()) for row in cells]


def listed(probe: Probe) -> tuple[str, str]:
    """A probe as `names` reads it from a page."""
    return _cell(f"`{probe.name}`"), _cell(_code(probe.held))


def _row(probe: Probe, ways: Mapping[Way, Verdict]) -> str:
    boxed, plain = ([ways[way] for way in WAYS if way.sandbox == box] for box in ("bubblewrap", "process"))
    cells = [f"`{probe.name}`", probe.what, _code(probe.held), _words(boxed), _words(plain)]
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def _words(verdicts: Sequence[Verdict]) -> str:
    """What was seen by root and by another user, once where it is the same."""
    texts = [_matched(verdict) for verdict in verdicts]
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{verdict.way.user}: {text}" for verdict, text in zip(verdicts, texts, strict=True))


def _matched(verdict: Verdict) -> str:
    """The part that the expectation names: what varies from run to run is left out."""
    found = re.search(verdict.probe.expected(verdict.way), verdict.seen)
    return _code(found.group(0)) if found else f"**{verdict.seen}**"


def _code(text: str) -> str:
    return f"`{text.strip('^$')}`"


_HEAD = """# What was attacked, and what was seen

`scripts/attack --write` makes this page: it runs every probe below as a real order through `doit run`, as root and as
another user, with bubblewrap and in plain processes. `scripts/attack` alone prints what is not as expected; the job
`attack` of CI runs it. The test suite runs a part: each probe in one of the four ways, in turn, and in all four where
the user or the sandbox is the fence. *Expected* is a regular expression for what is seen with bubblewrap. A probe that
is `reached` in a plain process is one that only bubblewrap stops; SECURITY.md lists them in words."""
