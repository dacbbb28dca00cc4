"""A download on its way: a temporary file beside its target, which gets the target's name when its bytes are right."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from platform.errors import CorruptError, StorageError
from platform.files import replacing, sha256_of
from platform.ports.release_store import Asset


@contextmanager
def arriving(asset: Asset, target: Path) -> Iterator[BinaryIO]:
    """A file to write an asset's bytes into. It takes the target's name when they are the ones the asset says; until
    then what was there stays. CorruptError when they are others, StorageError when the disk refuses."""
    try:
        with replacing(target) as file:
            yield file
            file.seek(0)
            if sha256_of(file.fileno()) != asset.sha256:
                raise CorruptError(f"{asset.uri}: its bytes are not the ones that were listed; restore the release")
    except OSError as error:
        raise StorageError(f"{target}: cannot be written ({error.strerror}); mend it, then run again") from error
