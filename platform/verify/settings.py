"""Compare what GitHub enforces in a repository with the list of what it must enforce.

Pure: answers in, verdicts out. If an answer could not be read, the verdict is "cannot tell", never
"closed". `config/repository_settings.yml` lists the rules, why they matter, and where to set them.
An entry may be accepted with a reason; it is then reported, but does not fail.
"""
from collections.abc import Mapping
from dataclasses import dataclass

from platform.verify.setting_answers import Answers, Read, Unreadable
from platform.verify.setting_rules import RULES, writers

CLOSED, OPEN, ACCEPTED, UNKNOWN = "closed", "open", "accepted", "cannot tell"


@dataclass(frozen=True, slots=True)
class SettingRule:
    """One entry of the list: the rule's id, why it matters, and where to set it.

    `accepted` is the reason why an open rule is accepted, or empty.
    """

    id: str
    why: str
    where: str
    accepted: str = ""
    allow: tuple[str, ...] = ()  # of `writers`: who may have write access


@dataclass(frozen=True, slots=True)
class SettingVerdict:
    entry: SettingRule
    state: str  # CLOSED, OPEN, ACCEPTED or UNKNOWN
    found: tuple[str, ...] = ()

    def __str__(self) -> str:
        open_ = "; ".join(self.found)
        if self.state == CLOSED:
            return f"{self.state:<12} {self.entry.id}"
        if self.state == ACCEPTED:
            return f"{self.state:<12} {self.entry.id}: {open_}; accepted: {self.entry.accepted}"
        return (f"{self.state:<12} {self.entry.id}: {open_}; why: {self.entry.why}; "
                f"set it at: {self.entry.where}")


def verdicts(
    entries: tuple[SettingRule, ...], read: Mapping[str, Read]
) -> tuple[SettingVerdict, ...]:
    """One verdict for each entry, in order."""
    return tuple(_verdict(entry, Answers(read)) for entry in entries)


def _verdict(entry: SettingRule, of: Answers) -> SettingVerdict:
    try:
        found = tuple(writers(of, entry.allow) if entry.id == "writers" else RULES[entry.id](of))
    except Unreadable as error:
        return SettingVerdict(entry, UNKNOWN, (str(error.args[0]),))
    except (KeyError, TypeError, AttributeError) as error:  # GitHub's answer breaks its description
        return SettingVerdict(entry, UNKNOWN, (
            f"GitHub's answer does not match GitHub's API description ({error})",))
    return SettingVerdict(entry, (ACCEPTED if entry.accepted else OPEN) if found else CLOSED, found)


def exit_status(found: tuple[SettingVerdict, ...]) -> int:
    """0: all are closed or accepted; 1: one is open; 17: none is known to be open, but some are
    unknown."""
    states = {verdict.state for verdict in found}
    return 1 if OPEN in states else 17 if UNKNOWN in states else 0
