"""Compare the reasons in modules' READMEs with the reasons that the platform uses. Pure.

A README lists the reasons that its module gives, in a table. A row begins with the slug, then yes
or no for whether the charge is refunded. People write the table; this module checks it.
"""
import re
from collections.abc import Callable, Iterator

from platform.maintain.facts import RepositoryFacts
from platform.model.order import Kind
from platform.model.problem import Problem, SourcePosition

_ROW = re.compile(r"\| `([a-z][a-z0-9_]*)` \| (yes|no) \|")


def wrong_reasons(
    facts: RepositoryFacts, text_of: Callable[[str], bytes | None]
) -> Iterator[Problem]:
    """One problem for each wrong row.

    `text_of` returns the bytes of a file in the repository, or None if the file is missing.
    """
    reasons = facts.repo.reasons
    for module_id, contract in sorted(facts.repo.contracts.items()):
        if module_id in facts.repo.module_dirs:
            continue  # its README is not this workspace's
        file = f"modules/{module_id}/README.md"
        lines = (text_of(file) or b"").decode(errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            row = _ROW.match(line)
            if row is None:
                continue
            slug, stated, place = row[1], row[2], SourcePosition(file, number, row.start(2) + 1)
            right = "yes" if reasons.refundable(slug) else "no"
            if reasons.reserved(slug, module_id, delivery=contract.kind is Kind.DELIVERY):
                yield Problem(place, "readme-differs",
                              f"the module cannot give `{slug}`: the platform replaces it by "
                              "`module_failed`, which is refunded",
                              "write `module_failed` and yes, and name the reason in the "
                              "description")
            elif stated != right:
                yield Problem(
                    place,
                    "readme-differs",
                    f"`{slug}` is {'' if right == 'yes' else 'not '}refunded, as "
                    "config/reasons.yml says",
                    f"write {right}",
                )
