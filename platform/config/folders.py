"""Lists tenants, work orders and modules by the names of directories and files alone."""
from collections.abc import Iterator
from pathlib import Path

from platform.config.text import linked, shown_file
from platform.confined import Entry, Folder, Refused
from platform.model import ids
from platform.model.ids import OrderId
from platform.model.problem import Problem, SourcePosition


def folders_in(
    top: Folder, name: str, form: str, what: str, kind: str
) -> tuple[list[str], list[Problem]]:
    """The directories in a directory whose names are ids, sorted, and the problems of the others.

    Names that begin with . or _ are ignored. A link instead of a directory is listed too, and has a
    problem that stops the tenant or module (`kind`) of that name. Nothing refers to a directory
    without a valid id, so its problem stops nothing."""
    right, problems = [], []
    found, wrong = entries_of(top, name)
    for entry in found:
        if entry.name[0] in "._" or entry.kind == "file":
            continue
        fits = ids.matches(form, entry.name)
        file = shown_file(top.named(f"{name}/{entry.name}"))
        if fits:
            right.append(entry.name)
        if entry.kind != "folder":
            subject = (kind, entry.name) if fits else ("folder", shown_file(entry.name))
            problems.append(linked(Refused(file, entry.kind), subject))
        elif not fits:
            problems.append(Problem(
                SourcePosition(file), "folder-name", f"the directory's name is not {what}",
                "rename it", ("folder", shown_file(entry.name))))
    return right, [*wrong, *problems]


def entries_of(
    top: Folder, name: str, subject: tuple[str, ...] = ()
) -> tuple[list[Entry], list[Problem]]:
    """The entries of a directory; none if it does not exist. The problem of a link instead of the
    directory, or of one that this user may not read, stops `subject`."""
    try:
        with top.folder(name) as folder:
            return folder.entries(), []
    except Refused as error:
        return [], [linked(error, subject)] if error.is_link else []
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except PermissionError as error:
        return [], [Problem(
            SourcePosition(shown_file(top.named(name))), "file-unreadable",
            f"the directory cannot be read ({error.strerror})", "give this user read permission",
            subject)]


def order_files(tenant_id: str, files: list[Entry]) -> Iterator[OrderId | Problem]:
    """The work orders in a tenant's `workorders/`, and a Problem for each file with an invalid
    name."""
    for name in (entry.name for entry in files):
        stem, dot, suffix = name.rpartition(".")
        if name[0] in "._" or not dot or suffix not in ("yml", "yaml"):
            continue
        file = shown_file(f"tenants/{tenant_id}/workorders/{name}")
        subject = ("order", tenant_id, shown_file(stem))
        if suffix == "yaml":
            yield Problem(SourcePosition(file), "file-name",
                          "the name of a work order's file must end in .yml", "rename it", subject)
        elif not ids.matches(ids.WORK_ORDER, stem):
            yield Problem(
                SourcePosition(file),
                "file-name",
                "the file's name is not a work order id",
                "use 8 letters or digits, or 3 to 64 of letters, digits, _ and -",
                subject,
            )
        else:
            yield OrderId(tenant_id, stem)


def tenant_names(root: Path) -> set[str]:
    """The names of the directories in tenants/, including links, which are reported when they are
    read."""
    with Folder.at(root) as top:
        return {entry.name for entry in entries_of(top, "tenants")[0] if entry.kind != "file"}


def hidden(root: Path, tenant_id: str = "") -> list[Problem]:
    """The problems that hide work orders, of all tenants or of one: a link instead of tenants/, of
    a tenant's directory, or of its workorders/, or that one of them cannot be read. Such orders
    have no name, so only these problems report them."""
    with Folder.at(root) as top:
        names, wrong = folders_in(top, "tenants", ids.TENANT, "a tenant id", "tenant")
        linked_here = {problem.subject for problem in wrong}
        for name in names:
            if ("tenant", name) not in linked_here:
                wrong += entries_of(top, f"tenants/{name}/workorders", ("tenant", name))[1]
    about = ((), ("tenant", tenant_id)) if tenant_id else None
    return sorted(
        problem
        for problem in wrong
        if problem.code in ("linked-directory", "file-unreadable")
        and problem.subject[:1] in ((), ("tenant",))
        and (about is None or problem.subject in about)
    )


def order_ids(root: Path) -> list[OrderId]:
    """The ids of all work orders, by the names of their files alone; links are not followed."""
    with Folder.at(root) as top:
        tenants = [entry.name for entry in entries_of(top, "tenants")[0] if entry.kind == "folder"]
        names = [(tenant, entry.name) for tenant in tenants
                 for entry in entries_of(top, f"tenants/{tenant}/workorders")[0]]
    return [
        OrderId(tenant, name.removesuffix(".yml"))
        for tenant, name in names
        if name.endswith(".yml")
    ]
