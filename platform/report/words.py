"""Text that others wrote, made safe to stand in one line of a terminal, a diagram or a table. Pure."""


def one_line(text: str) -> str:
    """White space becomes one space; what does not print (an escape sequence, a direction mark) is spelt out."""
    return "".join(mark if mark.isprintable() else _spelt(mark) for mark in " ".join(text.split()))


def printable(text: str) -> str:
    """Lines stay lines; nothing in them can move a terminal's cursor or change its colours."""
    return "".join(mark if mark.isprintable() or mark in "\n\t" else _spelt(mark)
                   for mark in text.replace("\r\n", "\n"))


def _spelt(mark: str) -> str:
    return mark.encode("unicode_escape").decode()
