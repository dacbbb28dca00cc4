"""The code files of a module, by their names alone. Links are refused."""
from platform.config.text import linked
from platform.confined import Folder, Refused
from platform.model.contract import is_code
from platform.model.problem import Problem, SourcePosition


def code_of(home: Folder, module_id: str) -> tuple[tuple[str, ...], list[Problem]]:
    """The paths of a module's code relative to its directory, and a problem for each entry that is
    not a regular file. `home` contains `modules/`. The target of a link would not be in the digest
    of the module's code."""
    name, subject = f"modules/{module_id}", ("module", module_id)
    files, problems = [], []
    try:
        with home.folder(name) as folder:
            for below, entry, directory in folder.walk():
                if not is_code(below) or below == "tests":
                    continue
                if entry.kind == "file":
                    files.append(below)
                else:
                    problems.append(
                        _refused(Refused(directory.named(entry.name), entry.kind), below, subject)
                    )
    except Refused as error:
        problems.append(linked(error, subject))
    except OSError as error:
        problems.append(
            Problem(
                SourcePosition(home.named(name)),
                "file-unreadable",
                f"cannot be read ({error.strerror})",
                "give this user read permission",
                subject,
            )
        )
    return tuple(files), problems


def _refused(error: Refused, below: str, subject: tuple[str, ...]) -> Problem:
    if below == "src":
        return linked(error, subject)
    return Problem(SourcePosition(error.offender), "not-a-file", f"is {error.kind}",
                   "replace it with the file itself", subject)
