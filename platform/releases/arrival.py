"""A download in progress: a temporary file that replaces its target once its bytes are verified."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from platform.errors import CorruptError, StorageError
from platform.files import replacing, sha256_of
from platform.ports.release_store import Asset


@contextmanager
def arriving(asset: Asset, target: Path) -> Iterator[BinaryIO]:
    """A temporary file for an asset's bytes. It replaces `target` if their digest is the asset's.

    CorruptError if the digest differs, StorageError if the file cannot be written; then `target` is
    unchanged.
    """
    try:
        with replacing(target) as file:
            yield file
            file.seek(0)
            if sha256_of(file.fileno()) != asset.sha256:
                raise CorruptError(f"{asset.uri}: its bytes do not match its listed digest; "
                                   "restore the release")
    except OSError as error:
        raise StorageError(f"{target}: cannot be written ({error.strerror}); "
                           "fix that, then run again") from error
