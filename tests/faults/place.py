"""Where the campaign works: memory where there is some, for its states are made and thrown away by the thousand."""
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """A state folder that does not exist yet, in a folder of its own."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name) / "state"


def empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
