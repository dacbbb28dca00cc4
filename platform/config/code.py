"""The files of a module that can change what it does, by their names alone; none of them is a link."""
from platform.config.text import linked
from platform.confined import Folder, Refused
from platform.model.contract import is_code
from platform.model.problem import Problem, SourcePosition


def code_of(top: Folder, module_id: str) -> tuple[tuple[str, ...], list[Problem]]:
    """The paths below the module's folder, and a problem for everything there that is no plain file: what a link leads
    to is not in the digest of the module's code, and pipes and devices are no code."""
    name, subject = f"modules/{module_id}", ("module", module_id)
    files, problems = [], []
    try:
        with top.folder(name) as folder:
            for below, entry, directory in folder.walk():
                if not is_code(below) or below == "tests":
                    continue
                if entry.kind == "file":
                    files.append(below)
                else:
                    problems.append(_refused(Refused(directory.named(entry.name), entry.kind), below, subject))
    except Refused as error:
        problems.append(linked(error, subject))
    except OSError as error:
        problems.append(Problem(SourcePosition(name), "file-unreadable", f"cannot be read ({error.strerror})",
                                "let this user read it", subject))
    return tuple(files), problems


def _refused(error: Refused, below: str, subject: tuple[str, ...]) -> Problem:
    if below == "src":
        return linked(error, subject)
    return Problem(
        SourcePosition(error.offender),
        "not-a-file",
        f"is {error.kind}",
        "put the file itself there",
        subject,
    )
