"""The segments and the archive of a generation, as names and bytes, from a journal and its tables.

Pure.
"""
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

from platform.ledger.journal.record import HEADER
from platform.model.digest import sha256_hex
from platform.state.chain import hash_of
from platform.state.manifest import Archive, Segment

_EPOCH = (1980, 1, 1, 0, 0, 0)  # an archive's bytes must not depend on the time
SEGMENT_BYTES = 256 << 20  # GitHub takes 2 GiB; a smaller file is faster to download again


def cut(
    lines: Sequence[bytes], after_seq: int, max_bytes: int = SEGMENT_BYTES
) -> Iterator[tuple[Segment, bytes]]:
    """Cut the records after `after_seq` into segments of at most `max_bytes`.

    A longer record is a segment of its own.
    """
    first, body, size = after_seq + 1, list[bytes](), 0
    for seq, line in enumerate(lines[after_seq:], after_seq + 1):
        if body and size + len(line) > max_bytes:
            yield _segment(first, body)
            first, body, size = seq, [], 0
        body.append(line)
        size += len(line)
    if body:
        yield _segment(first, body)


def _segment(first: int, body: Sequence[bytes]) -> tuple[Segment, bytes]:
    data = HEADER + b"".join(body)
    return Segment(
        first, first + len(body) - 1, hash_of(body[-1]), sha256_hex(data), len(data)
    ), data


def boundary(segments: Iterable[Segment], lines: Sequence[bytes]) -> int:
    """The number of leading records in `lines` that need no download.

    They are whole segments that end with the same hash, which proves every line above it.
    """
    return max(
        (
            segment.last
            for segment in segments
            if segment.last <= len(lines) and hash_of(lines[segment.last - 1]) == segment.hash
        ),
        default=0,
    )


def archive(generation: int, tables: Mapping[str, bytes]) -> tuple[Archive, bytes]:
    """The tables in one zip file: six assets would fill a release six times as fast."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in sorted(tables.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o100644 << 16
            target.writestr(info, data, zipfile.ZIP_DEFLATED)
    data = file.getvalue()
    return Archive(
        f"tables-{generation}-{sha256_hex(data)[:12]}.zip", sha256_hex(data), len(data)
    ), data
