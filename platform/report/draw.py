"""Draw with Graphviz if its program `dot` is installed. Only this module starts a program."""
import shutil
import subprocess

_TIMEOUT_S = 60  # thousands of arrows can take minutes, and the drawing is not readable


def available() -> bool:
    """Whether `dot` is on the path."""
    return shutil.which("dot") is not None


def svg(digraph: str, timeout_s: float = _TIMEOUT_S) -> str:
    """The drawing of a digraph as an <svg> element.

    Empty if `dot` is missing, fails or is too slow.
    """
    program = shutil.which("dot")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "-Tsvg"],
            input=digraph.encode(),
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    drawing = done.stdout.decode()
    return drawing[drawing.index("<svg"):] if done.returncode == 0 and "<svg" in drawing else ""
