"""Text that others wrote, made safe to stand in one line of a terminal, a diagram or a table. Pure."""


from platform.model.characters import escaped


def one_line(text: str) -> str:
    """White space becomes one space; what may not be in a line (an escape, a direction override) is spelt out."""
    return escaped(" ".join(text.split()))


def printable(text: str) -> str:
    """Lines stay lines; nothing in them can move a terminal's cursor or change its colours."""
    return escaped(text.replace("\r\n", "\n"), kept="\n\t")
