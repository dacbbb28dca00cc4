"""Prints the log of a running step while it grows."""
import codecs
import os
import time
from collections.abc import Callable
from pathlib import Path

from platform import confined
from platform.app.running import running_s
from platform.model.ids import StepId
from platform.run.records import LOG, fresh_dir

_LOOK_S = 0.1  # between two looks at the file
_CHUNK = 1 << 16  # bytes


def follow(runtime_dir: Path, step_id: StepId, write: Callable[[str], object]) -> bool:
    """Pass on what a running step writes, until the step ends; whether it was running.

    The file stays open, so that its last bytes are read when it already has its final name."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while running_s(runtime_dir, step_id) is not None:
        try:
            with confined.opened(fresh_dir(runtime_dir, step_id) / LOG) as handle:
                runs = True
                while runs:
                    runs = running_s(runtime_dir, step_id) is not None
                    while chunk := os.read(handle, _CHUNK):
                        write(decoder.decode(chunk))
                    time.sleep(_LOOK_S if runs else 0)
            write(decoder.decode(b"", final=True))
            return True
        except OSError:  # it begins or ends at this moment
            time.sleep(_LOOK_S)
    return False
