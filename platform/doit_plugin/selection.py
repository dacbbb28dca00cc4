"""The orders that a command line names, so that one task of fifty thousand loads one order. Pure.
"""
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatch

from platform.model.ids import OrderId
from platform.model.named import Named
from platform.model.task_name import ASKABLE, GROUPS, TaskKind, kind_of, order_task

_WILD = frozenset("*?[")


def task_meant(word: str, tenants: Collection[str]) -> str:
    """The task or the pattern of tasks that a word of the command line means; the word itself if it
    is already a task's name, a file, or nothing that names an order of one of the tenants.

    `nxlkGI` means its orders, `nxlkGI/UbjkpxZO` an order, `nxlkGI/UbjkpxZO/text` a step, each with
    doit's wildcards."""
    kind, colon, rest = word.partition(":")
    kind = kind if colon and kind in ASKABLE else ""
    if word in GROUPS:
        return word
    try:
        named = Named.parse(rest if kind else word)
    except ValueError:
        return word
    if not kind and not _is_of(named.tenant_id, word, tenants):
        return word
    kind = kind or (TaskKind.STEP if named.step_id else TaskKind.WORKORDER)
    parts = [part for part in named if part]
    if len(parts) < (3 if kind == TaskKind.STEP else 2) and not parts[-1].endswith("*"):
        parts.append("*")
    return f"{kind}:{'/'.join(parts)}"


def is_wild(word: str) -> bool:
    """Whether a word is a pattern of names."""
    return bool(_WILD & set(word))


def _is_of(tenant_id: str, word: str, tenants: Collection[str]) -> bool:
    """Whether a word begins with a tenant. A wildcard may stand for one only before a slash."""
    if is_wild(tenant_id):
        return "/" in word and any(fnmatch(tenant, tenant_id) for tenant in tenants)
    return tenant_id in tenants


def orders_asked_for(words: Sequence[str], known: Collection[OrderId]) -> frozenset[OrderId] | None:
    """The orders that tasks named on the command line belong to; None for all of them.

    Any word that is not the name of an order's task (a group, a path, another task) needs the whole
    graph.
    """
    asked: set[OrderId] = set()
    for word in words:
        pattern = _order_pattern(word)
        if pattern is None:
            return None
        if is_wild(pattern):
            asked.update(order for order in known if fnmatch(str(order), pattern))
        else:
            asked.update(order for order in known if str(order) == pattern)
    return frozenset(asked) if words else None


def orders_bought(words: Sequence[str], known: Collection[OrderId]) -> frozenset[OrderId] | None:
    """The orders that a command line buys: those whose tasks it names; None for all, as it does
    without a word or with a group. A word that is nothing of an order (`check`, a path) buys
    nothing by itself."""
    if not words or any(word in ASKABLE for word in words):
        return None
    named = [word for word in words if _order_pattern(word) is not None]
    return orders_asked_for(named, known) if named else frozenset()


def _order_pattern(word: str) -> str | None:
    """`step:nxlkGI/UbjkpxZO/a` -> `nxlkGI/UbjkpxZO`; a star may stand for several parts, as in
    doit."""
    kind, _, name = word.partition(":")
    if kind not in ASKABLE or not name:
        return None
    parts = name.split("/")
    if kind != TaskKind.STEP:
        return name
    if len(parts) >= 3:
        return "/".join(parts[:2])
    return name if name.endswith("*") else None


def orders_to_publish(words: Sequence[str], known: Iterable[OrderId]) -> list[OrderId]:
    """The orders whose `publish:` task the words name, in the graph's order, wildcards expanded."""
    return [
        order
        for order in known
        if any(
            word == TaskKind.PUBLISH or fnmatch(order_task(TaskKind.PUBLISH, order), word)
            for word in words
        )
    ]


def steps_asked_for(words: Sequence[str], known: Iterable[str]) -> list[str]:
    """The `step:` tasks that the words name, in the graph's order, wildcards expanded."""
    patterns = [word for word in words if word == TaskKind.STEP or kind_of(word) is TaskKind.STEP]
    return [
        name
        for name in known
        if any(
            pattern == TaskKind.STEP or name == pattern or fnmatch(name, pattern)
            for pattern in patterns
        )
    ]
