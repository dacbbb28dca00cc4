"""A file of pseudo-random bytes, streamed: block i is SHAKE-128 of seed and i, so size changes
nothing of its start."""
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

GENERATOR = "shake128-blocks-1"
BLOCK_BYTES = 1 << 20


def blocks(size: int, seed: str) -> Iterator[bytes]:
    """`size` bytes in blocks of at most one MiB."""
    for index in range((size + BLOCK_BYTES - 1) // BLOCK_BYTES):
        name = f"{GENERATOR}:{index}:{seed}".encode()
        yield hashlib.shake_128(name).digest(min(BLOCK_BYTES, size - index * BLOCK_BYTES))


def run(params, outputs_dir):
    outputs = Path(outputs_dir)
    digest = hashlib.sha256()
    try:
        with (outputs / "big.bin").open("wb") as file:
            for block in blocks(params["bytes"], params["seed"]):
                digest.update(block)
                file.write(block)
    except OSError as error:  # a full disk, or the limit on a step's files
        return {
            "status": "FAILED",
            "reason_slug": "output_write_failed",
            "message": f"{params['bytes']} bytes cannot be written ({error.strerror}); ask for "
                       f"fewer",
        }
    report = {
        "bytes": params["bytes"],
        "seed": params["seed"],
        "generator": GENERATOR,
        "sha256": digest.hexdigest(),
    }
    (outputs / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {"status": "COMPLETED"}
