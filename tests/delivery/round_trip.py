"""Random subjects, names and bodies, written and read again by Python's parser and by postal-mime.

    python -m tests.delivery.round_trip [COUNT [SEED]]

prints how many of COUNT (10,000 by default) came back otherwise; its exit status is 1 when any did.
"""
import random
import sys
from datetime import UTC, datetime

from platform.delivery.letter import Letter
from platform.delivery.mime import header_names, written
from platform.delivery.read_back import difference
from tests.delivery.reading import Said, by_postal_mime, by_python

_PIECES = [
    *"abc ABC  0,;:<>@\"()[]\\=?_.-'",
    *"äßøÅéё東京　\xa0\u2007\u202f\u200b\xad\u200c\u200dשלעربي",
    "🛥",
    "👨\u200d👩",
    "=?utf-8?q?x=0Ay?=",
    "=?utf-8?b?YQ==?=",
    "  ",
    " report ",
    " über ",
]


def letters(count: int, seed: int) -> list[Letter]:
    chance = random.Random(seed)
    date = datetime(2026, 11, 24, 12, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")

    def text(longest: int, more: str = "") -> str:
        pieces = "".join(
            chance.choice([*_PIECES, *more]) for _ in range(chance.randint(1, longest))
        )
        return pieces[:200]

    return [
        Letter(
            "us@platform.example",
            text(40),
            "reader@harbour.example",
            (("Subject", text(60)), ("Date", date)),
            text(80, "\n\n.\t\v\f\x85\u2028") + "\n",
            "package.zip",
            b"PK",
            "=_0",
        )
        for _ in range(count)
    ]


def wrong(count: int, seed: int = 1, *, peer: bool = True) -> list[tuple[Letter, str]]:
    """Those that somebody reads otherwise, and who."""
    found = letters(count, seed)
    mails = [written(letter) for letter in found]
    told = [(letter, f"read_back: {why}") for letter, data in zip(found, mails, strict=True)
            if (why := difference(data, letter, header_names(letter)))]
    readers = {"Python": [by_python(data) for data in mails]}
    if peer:
        readers["postal-mime"] = by_postal_mime(mails)
    for reader, said in readers.items():
        told += [(letter, f"{reader}: {one}") for letter, one in zip(found, said, strict=True)
                 if not _same(letter, one)]
    return told


def _same(letter: Letter, said: Said) -> bool:
    wanted = (
        dict(letter.headers)["Subject"],
        (letter.sender_name, letter.sender),
        letter.text.rstrip("\n"),
    )
    return (said.subject, said.sender, said.text) == wanted


def main(count: str = "10000", seed: str = "1") -> int:
    failed = wrong(int(count), int(seed))
    for letter, why in failed[:10]:
        sys.stdout.write(f"{letter!r}\n  {why}\n")
    sys.stdout.write(f"{count} mails, {len(failed)} read otherwise\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
