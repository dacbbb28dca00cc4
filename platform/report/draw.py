"""A drawing by Graphviz, where its program `dot` is installed. The only thing here that starts a program."""
import shutil
import subprocess

_TIMEOUT_S = 60  # a layout of thousands of arrows may take minutes, and nobody could read it


def available() -> bool:
    """Whether `dot` is on the path."""
    return shutil.which("dot") is not None


def svg(digraph: str, timeout_s: float = _TIMEOUT_S) -> str:
    """The drawing of a digraph as an <svg> element, or nothing: no `dot`, or it gave up, or it takes too long."""
    program = shutil.which("dot")
    if program is None:
        return ""
    try:
        done = subprocess.run([program, "-Tsvg"], input=digraph.encode(), capture_output=True, timeout=timeout_s,
                              check=False)
    except subprocess.TimeoutExpired:
        return ""
    drawing = done.stdout.decode()
    return drawing[drawing.index("<svg"):] if done.returncode == 0 and "<svg" in drawing else ""
