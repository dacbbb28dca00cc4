"""Which tenants, work orders and modules there are, by the names of folders and files alone."""
from collections.abc import Iterator
from pathlib import Path

from platform.config.text import shown_file
from platform.model import ids
from platform.model.ids import OrderId
from platform.model.problem import Place, Problem


def folders_in(folder: Path) -> list[Path]:
    """The folders of a folder, sorted; names that begin with . or _ are nobody's."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] not in "._" and path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def named(paths: list[Path], form: str, what: str) -> tuple[list[Path], list[Problem]]:
    """Those of `paths` whose names have the form of an id, and a problem for each other one. Nothing refers to a
    folder that has no id, so its problem stops nothing."""
    right = [path for path in paths if ids.matches(form, path.name)]
    wrong = [Problem(Place(shown_file(f"{path.parent.name}/{path.name}")), "folder-name",
                     f"the folder's name is not {what}",
                     "rename it", ("folder", shown_file(path.name))) for path in paths if path not in right]
    return right, wrong


def order_files(tenant: Path) -> Iterator[tuple[OrderId, Path] | Problem]:
    """The work orders of a tenant's folder, sorted by name; a Problem for a file that cannot be one."""
    folder = tenant / "workorders"
    try:
        files = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in files:
        if path.name[0] in "._" or path.suffix not in (".yml", ".yaml"):
            continue
        file = shown_file(f"tenants/{tenant.name}/workorders/{path.name}")
        subject = ("order", tenant.name, shown_file(path.stem))
        if path.suffix == ".yaml":
            yield Problem(Place(file), "file-name", "a work order's file ends in .yml", "rename it", subject)
        elif not ids.matches(ids.WORK_ORDER, path.stem):
            yield Problem(Place(file), "file-name", "the file's name is not a work order id",
                          "use 8 letters or digits, or 3 to 64 of letters, digits, _ and -", subject)
        else:
            yield OrderId(tenant.name, path.stem), path
