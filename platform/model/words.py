"""Numbers of things, as people say them."""


def counted(count: int, one: str, many: str = "", *, signed: bool = False) -> str:
    """`1 post`, `2 posts`, `0 entries`; `many` where it is not `one` with an s; `signed` shows + too."""
    number = f"{count:+d}" if signed else str(count)
    return f"{number} {one if abs(count) == 1 else many or f'{one}s'}"


def in_credits(amount: int) -> str:
    return counted(amount, "credit")
