"""How a module's attack becomes code: the body of an attempt, and what it says when it got through or was refused."""
from textwrap import dedent, indent

_ATTEMPT = '''\
import ctypes, errno, os, resource, signal, socket, struct, subprocess, sys, time
from pathlib import Path


def call(number, *words):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, *words)
    if answer == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def first_read(paths):
    """What the first of these paths holds that can be read."""
    refused = None
    for path in paths:
        try:
            return os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(200)
        except OSError as error:
            refused = error
    raise refused


def attempt(bait, out):
{body}


def run(params, outputs_dir):
    out = Path(outputs_dir)
    try:
        words = "reached: " + str(attempt(params["bait"], out))[:300]
    except BaseException as error:
        words = f"refused: {{type(error).__name__}} {{error}}"
    (out / "seen.txt").write_text(words)
    return {{"status": "COMPLETED"}}
'''
_RAW = '''\
import ctypes, errno, os, signal, socket, stat, subprocess, sys, threading, time
from pathlib import Path


def run(params, outputs_dir):
    out, bait = Path(outputs_dir), params["bait"]
    (out / "seen.txt").write_text("nothing was tried")
{body}
    return {{"status": "COMPLETED"}}
'''


def attempt(body: str) -> str:
    """A module that tries `body`, which returns what it got or raises what refused it, and reports the answer."""
    return _ATTEMPT.format(body=indent(dedent(body).strip("\n"), "    "))


def raw(body: str) -> str:
    """A module whose `run` is `body`: its end is the attack."""
    return _RAW.format(body=indent(dedent(body).strip("\n"), "    "))
